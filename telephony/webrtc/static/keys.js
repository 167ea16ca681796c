// The keyboard during a call: M and Space mute, Escape twice hangs up.

const ARMED_MS = 3_000;

/**
 * *inCall* tells whether there is a call to steer; *arm* is told when the first
 * Escape waits for a second one (true) and when it waits no longer (false).
 */
export function listenToKeys({ inCall, toggleMute, hangUp, arm }) {
  let armed = null;

  const disarm = () => {
    clearTimeout(armed);
    armed = null;
    arm(false);
  };

  const escape = () => {
    if (armed === null) {
      armed = setTimeout(disarm, ARMED_MS);
      arm(true);
    } else {
      disarm();
      hangUp();
    }
  };

  addEventListener("keydown", (event) => {
    if (!inCall() || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    const pressesControl = event.key === " " && event.target.closest("button, a, input");
    if (event.key === "Escape") escape();
    else if (event.key.toLowerCase() === "m" || (event.key === " " && !pressesControl)) {
      event.preventDefault(); // Space would scroll the script
      toggleMute();
    }
  });
}
