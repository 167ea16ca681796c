// The room: one call from "Start" to the last word, and everything on the screen
// that goes with it. The stages of the page (see room.css for what each shows):
//
//   ready → asking → connecting → live → over
//             └──────────┴─→ trouble      └→ asking, on "Call again"

import { Captions } from "./captions.js";
import { listenToKeys } from "./keys.js";
import { Line } from "./line.js";
import { Meter } from "./meter.js";
import { Peer, Refused } from "./peer.js";
import { Rtvi } from "./rtvi.js";
import { ADVICE, FLOOR, OVER, TROUBLE, microphoneTrouble } from "./words.js";

const NETWORK_EVERY_MS = 2_000;
const JUDGEMENTS_KEPT = 50;
const THINKING_MS = 4_000; // an agent that says nothing for longer has chosen to listen

const byId = (id) => document.getElementById(id);
const room = decodeURIComponent(location.pathname.split("/").pop());
const participant = new URLSearchParams(location.search).get("user") ?? ""; // whom the agent remembers
const captions = new Captions(byId("script"), byId("captions"), byId("log"));
const line = new Line(byId("line"), () => call?.listen() ?? { agent: 0, caller: 0, muted: false });

let info = { title: "", ice_servers: [] };
let call = null;

/** One call, from the microphone to the hang-up. */
class RoomCall {
  #microphone = null;
  #peer = null;
  #sound = null;
  #meters = {};
  #since = null;
  #clock = null;
  #network = null;
  #speaking = { agent: false, caller: false, thinking: false };
  #thought = null;
  #whoEnded = "agent"; // until the server says otherwise
  #done = false;

  async start(name) {
    stage("asking");
    this.#sound = new AudioContext(); // now, while the click still counts as permission for sound
    try {
      this.#microphone = await openMicrophone();
    } catch (error) {
      this.#fail(error instanceof Refused ? error.code : microphoneTrouble(error));
      return;
    }
    if (this.#done) return this.#release();
    stage("connecting");
    captions.clear();
    byId("judgements").replaceChildren();
    this.#showFloor();
    this.#meters.caller = new Meter(this.#sound, this.#microphone);
    this.#microphone.getAudioTracks()[0].addEventListener("ended", () => advise(ADVICE.microphoneGone));
    line.start();
    await this.#dial(name);
  }

  async #dial(name) {
    const voice = byId("agent-voice");
    const peer = (this.#peer = new Peer({
      room, voice, microphone: this.#microphone, iceServers: info.ice_servers,
    }));
    new Rtvi(peer.channel, this.#handlers());
    peer.channel.addEventListener("message", ({ data }) => this.#noteGoodbye(data));
    peer.addEventListener("connected", () => this.#goLive(voice));
    peer.addEventListener("steady", () => advise(""));
    peer.addEventListener("unsteady", () => advise(ADVICE.unsteady));
    peer.addEventListener("lost", () => (this.#since === null ? this.#fail("unconnected") : this.#over("network")));
    peer.addEventListener("closed-by-agent", () => (this.#since === null ? this.#fail("unconnected") : this.#over(this.#whoEnded)));
    try {
      await peer.call(name, participant);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#fail(error.code, error.message);
    }
  }

  /** What the agent tells, by RTVI message type. */
  #handlers() {
    const speaking = (change) => {
      Object.assign(this.#speaking, change);
      this.#showFloor();
      clearTimeout(this.#thought);
      if (change.thinking) this.#thought = setTimeout(() => speaking({ thinking: false }), THINKING_MS);
    };
    return {
      "user-input": (data) => captions.userInput(data),
      "bot-output": (data) => captions.botOutput(data),
      "bot-interrupted": () => { if (captions.interrupted()) line.markCut(); },
      "user-started-speaking": () => speaking({ caller: true, thinking: false }),
      "user-stopped-speaking": () => speaking({ caller: false, thinking: true }),
      "bot-started-speaking": () => { captions.agentStarted(); speaking({ agent: true, thinking: false }); },
      "bot-stopped-speaking": () => { captions.agentStopped(); speaking({ agent: false }); },
      "server-message": (data) => this.#note(data),
      "error": ({ fatal }) => { if (fatal) advise(ADVICE.fault); },
    };
  }

  /** Interject's own messages. */
  #note(data) {
    if (data?.type === "reply_latency" && Number.isFinite(data.ms)) {
      captions.replyLatency(data.ms);
      figure("latency", `replied in ${Math.round(data.ms)} ms`);
    } else if (data?.type === "judged" && typeof data.ruling === "string") {
      line.markJudged(data.ruling);
      listJudgement(data);
    } else if (data?.type === "call_ended") {
      this.#whoEnded = data.party === "caller" ? "agent" : data.party;
    }
  }

  /** Pipecat's servers say goodbye outside of RTVI. */
  #noteGoodbye(data) {
    if (data.includes('"peerLeft"')) this.#over(this.#whoEnded);
  }

  #goLive(voice) {
    this.#since = Date.now();
    stage("live");
    this.#meters.agent = new Meter(this.#sound, voice.srcObject);
    voice.play().catch(() => this.#askForSound(voice));
    this.#sound.resume();
    this.#tick();
    this.#clock = setInterval(() => this.#tick(), 1_000);
    this.#network = setInterval(() => this.#showNetwork(), NETWORK_EVERY_MS);
    byId("mute").focus({ preventScroll: true });
    this.#showFloor();
  }

  #askForSound(voice) {
    advise(ADVICE.silentPage);
    const play = () => {
      voice.play();
      this.#sound?.resume();
      advise("");
    };
    for (const gesture of ["pointerdown", "keydown"]) addEventListener(gesture, play, { once: true });
  }

  listen() {
    return {
      agent: this.#meters.agent?.level() ?? 0,
      caller: this.#showLevel(this.#meters.caller?.level() ?? 0),
      muted: this.muted,
    };
  }

  get muted() {
    return this.#microphone?.getAudioTracks()[0]?.enabled === false;
  }

  toggleMute() {
    const track = this.#microphone?.getAudioTracks()[0];
    if (!track) return;
    track.enabled = !track.enabled; // from now on the browser sends silence
    showMute(this.muted);
  }

  hangUp() {
    if (stage() === "live") this.#over("caller");
    else if (!this.#done) {
      this.#release();
      stage("ready");
    }
  }

  #over(party) {
    if (this.#done) return;
    this.#tick();
    this.#release();
    byId("floor").textContent = OVER[party] ?? OVER.network;
    captions.note(byId("floor").textContent);
    byId("floor").dataset.who = "nobody";
    stage("over");
    byId("again").focus({ preventScroll: true });
  }

  #fail(code, words = "") {
    if (this.#done) return;
    this.#release();
    const trouble = TROUBLE[code] ?? { ...TROUBLE.unreachable, ...(words && { words }) };
    byId("trouble-title").textContent = trouble.title;
    byId("trouble-words").textContent = trouble.words;
    byId("retry").textContent = trouble.retry;
    stage("trouble");
    byId("trouble").focus();
  }

  #release() {
    this.#done = true;
    line.stop();
    clearTimeout(this.#thought);
    clearInterval(this.#clock);
    clearInterval(this.#network);
    for (const meter of Object.values(this.#meters)) meter.stop();
    this.#peer?.close();
    this.#microphone?.getTracks().forEach((track) => track.stop());
    this.#sound?.close();
    this.#sound = null;
    advise("");
    showMute(false);
    this.#showLevel(0);
    for (const id of ["latency", "network"]) byId(id).hidden ||= this.#since === null;
  }

  #showFloor() {
    const { agent, caller, thinking } = this.#speaking;
    const live = this.#since !== null;
    const who = !live ? "connecting" : agent && caller ? "both" : agent ? "agent" : caller ? "caller" : thinking ? "thinking" : "nobody";
    byId("floor").textContent = FLOOR[who];
    byId("floor").dataset.who = who;
    byId("waiting").textContent = live ? "" : "Calling…";
  }

  #showLevel(level) {
    byId("mute").style.setProperty("--level", level.toFixed(2));
    return level;
  }

  #tick() {
    const seconds = this.#since === null ? 0 : Math.round((Date.now() - this.#since) / 1000);
    byId("elapsed").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }

  async #showNetwork() {
    const ms = await this.#peer.roundTripMs();
    if (ms !== null) figure("network", `network ${Math.max(1, Math.round(ms))} ms`);
  }
}

async function openMicrophone() {
  if (!isSecureContext || !navigator.mediaDevices) throw new Refused("insecure");
  return navigator.mediaDevices.getUserMedia({
    audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  });
}

/** Go to a stage of the page, or say which one it is at. */
function stage(next) {
  if (next) document.body.dataset.stage = next;
  return document.body.dataset.stage;
}

function advise(words) {
  byId("advice").textContent = words;
}

function figure(id, words) {
  byId(id).textContent = words;
  byId(id).hidden = false;
}

/** The judgement in words, for those who do not see the line. */
function listJudgement({ ruling, situation, confidence, words, ms }) {
  const item = document.createElement("li");
  const why = situation === "none" ? "" : ` (${situation.replaceAll("_", " ")})`;
  item.textContent = `${ruling}${why}, ${Math.round(confidence * 100)} % sure in ${Math.round(ms)} ms: ${words}`;
  item.dataset.ruling = ruling;
  const list = byId("judgements");
  list.append(item);
  while (list.children.length > JUDGEMENTS_KEPT) list.firstChild.remove();
}

function showMute(muted) {
  byId("mute").setAttribute("aria-pressed", String(muted));
  byId("mute").querySelector(".text").textContent = muted ? "Unmute" : "Mute";
}

function start() {
  for (const id of ["latency", "network"]) byId(id).hidden = true;
  byId("elapsed").textContent = "0:00";
  call = new RoomCall();
  call.start(byId("name").value.trim());
}

listenToKeys({
  inCall: () => ["connecting", "live"].includes(stage()),
  toggleMute: () => call.toggleMute(),
  hangUp: () => call.hangUp(),
  arm(armed) {
    byId("hang-up").classList.toggle("armed", armed);
    if (armed) advise(ADVICE.armed);
    else if (byId("advice").textContent === ADVICE.armed) advise("");
  },
});

byId("join").addEventListener("submit", (event) => {
  event.preventDefault();
  start();
});
byId("retry").addEventListener("click", start);
byId("again").addEventListener("click", start);
byId("mute").addEventListener("click", () => call.toggleMute());
byId("hang-up").addEventListener("click", () => call.hangUp());
addEventListener("pagehide", () => call?.hangUp());

byId("room-name").textContent = room;
document.title = `${room} – Interject`;
try {
  info = await (await fetch("/api/info")).json();
  if (info.title) byId("ready-title").textContent = info.title;
} catch {
  // The call itself will say that the server is gone.
}
