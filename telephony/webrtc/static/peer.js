// One peer connection to a room: the offer, the answer, and how the line fares.

const GATHER_MS = 400; // candidates that take longer follow on their own
const CONNECT_MS = 15_000;
const UNSTEADY_MS = 8_000; // a connection that is gone for this long does not come back

/** The room did not take the call; *code* is the server's, or ours if it said nothing. */
export class Refused extends Error {
  constructor(code, words = "") {
    super(words);
    this.code = code;
  }
}

/**
 * Events: "connected", "unsteady", "steady", "lost" and "closed-by-agent"; each
 * of the last two comes at most once, and neither after close().
 */
export class Peer extends EventTarget {
  #pc;
  #url;
  #callId = null;
  #candidates = [];
  #timer;
  #connected = false;

  constructor({ room, microphone, iceServers, voice }) {
    super();
    this.#url = `/api/rooms/${room}/offer`;
    this.#pc = new RTCPeerConnection({ iceServers: iceServers.map((urls) => ({ urls })) });
    this.channel = this.#pc.createDataChannel("rtvi-ai");
    this.channel.addEventListener("close", () => this.#finish("closed-by-agent"));
    this.#pc.addTransceiver(microphone.getAudioTracks()[0], { direction: "sendrecv", streams: [microphone] });
    this.#pc.addEventListener("track", ({ track }) => { voice.srcObject = new MediaStream([track]); });
    this.#pc.addEventListener("connectionstatechange", () => this.#follow());
    this.#pc.addEventListener("icecandidate", ({ candidate }) => this.#trickle(candidate));
  }

  /** Place the call as *participant*, who is called *name*. Resolves when the server has answered, not yet when audio flows. */
  async call(name, participant) {
    await this.#pc.setLocalDescription();
    await this.#gathered();
    this.#candidates = []; // those so far are in the description
    const answer = await this.#send("POST", { ...this.#pc.localDescription.toJSON(), name, participant });
    if (this.#pc.signalingState === "closed") return;
    this.#callId = answer.pc_id;
    this.#arm(CONNECT_MS);
    await this.#pc.setRemoteDescription({ type: answer.type, sdp: answer.sdp });
    await this.#flush();
  }

  /** The network's round trip in milliseconds, or null while it is not known. */
  async roundTripMs() {
    for (const report of (await this.#pc.getStats()).values()) {
      if (report.type === "candidate-pair" && report.nominated && report.currentRoundTripTime !== undefined) {
        return report.currentRoundTripTime * 1000;
      }
    }
    return null;
  }

  /** Hang up: the agent's side is told by the closing of the connection itself. */
  close() {
    clearTimeout(this.#timer);
    this.#pc.close();
  }

  #follow() {
    switch (this.#pc.connectionState) {
      case "connected":
        clearTimeout(this.#timer);
        this.dispatchEvent(new Event(this.#connected ? "steady" : "connected"));
        this.#connected = true;
        break;
      case "disconnected":
        this.#arm(UNSTEADY_MS);
        this.dispatchEvent(new Event("unsteady"));
        break;
      case "failed":
        this.#finish("lost");
        break;
      case "closed":
        this.#finish("closed-by-agent");
        break;
    }
  }

  #arm(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#finish("lost"), ms);
  }

  #finish(how) {
    if (this.#pc.signalingState === "closed") return;
    this.close();
    this.dispatchEvent(new Event(how));
  }

  async #gathered() {
    const done = new Promise((resolve) => {
      this.#pc.addEventListener("icegatheringstatechange", () => {
        if (this.#pc.iceGatheringState === "complete") resolve();
      });
    });
    await Promise.race([done, new Promise((resolve) => setTimeout(resolve, GATHER_MS))]);
  }

  #trickle(candidate) {
    this.#candidates.push({
      candidate: candidate?.candidate ?? "", // an empty one says that there are no more
      sdp_mid: candidate?.sdpMid ?? "0",
      sdp_mline_index: candidate?.sdpMLineIndex ?? 0,
    });
    if (this.#callId) this.#flush();
  }

  async #flush() {
    const candidates = this.#candidates.splice(0);
    if (!candidates.length) return;
    // One that does not arrive is no disaster: the connection stands or falls by the others.
    await this.#send("PATCH", { pc_id: this.#callId, candidates }).catch(() => {});
  }

  async #send(method, body) {
    let response;
    try {
      response = await fetch(this.#url, {
        method,
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
      });
    } catch {
      throw new Refused("unreachable");
    }
    const said = await response.json().catch(() => ({}));
    if (!response.ok) throw new Refused(said.error ?? "unreachable", said.message);
    return said;
  }
}
