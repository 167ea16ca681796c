// The front page: where to join, what to dial, who serves which role.

const byId = (id) => document.getElementById(id);

/** What somebody typed, as a room may be called. */
function slug(typed) {
  return typed.trim().toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 64);
}

byId("join").addEventListener("submit", (event) => {
  event.preventDefault();
  location.assign(`/room/${slug(byId("room").value) || "lobby"}`);
});

byId("copy").addEventListener("click", async () => {
  const copy = byId("copy");
  try {
    await navigator.clipboard.writeText(byId("sip").textContent);
    copy.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(byId("sip"));
    copy.textContent = "Selected";
  }
  setTimeout(() => { copy.textContent = "Copy"; }, 2000);
});

const info = await (await fetch("/api/info")).json();
byId("title").textContent = info.title;
if (info.sip) {
  byId("sip").textContent = info.sip;
  byId("sip").href = info.sip.startsWith("sip") ? info.sip : `sip:${info.sip}`;
  byId("telephone").hidden = false;
}
for (const [role, provider] of Object.entries(info.roles)) {
  const pair = document.createElement("div");
  pair.append(
    Object.assign(document.createElement("dt"), { textContent: role }),
    Object.assign(document.createElement("dd"), { textContent: provider }),
  );
  byId("roles").append(pair);
  byId("behind").hidden = false;
}
