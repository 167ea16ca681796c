// RTVI 2: the JSON messages that a Pipecat agent and its client exchange.
// https://docs.pipecat.ai/client/rtvi-standard

const LABEL = "rtvi-ai";
const VERSION = "2.2.0"; // which bot-output to send us: from 2.0 on it tells how far speech has come

export class Rtvi {
  #channel;

  /**
   * Speak RTVI over *channel*. *handlers* maps message types to functions of the
   * message's data; types without one are ignored.
   */
  constructor(channel, handlers) {
    this.#channel = channel;
    channel.addEventListener("open", () => this.#sayReady());
    channel.addEventListener("message", ({ data }) => {
      let message;
      try {
        message = JSON.parse(data);
      } catch {
        return; // not ours
      }
      if (message?.label === LABEL) handlers[message.type]?.(message.data ?? {});
    });
    if (channel.readyState === "open") this.#sayReady();
  }

  #sayReady() {
    this.#send("client-ready", {
      version: VERSION,
      about: { library: "interject-room", library_version: "1", platform: "web" },
    });
  }

  #send(type, data) {
    const id = Math.random().toString(36).slice(2, 10);
    this.#channel.send(JSON.stringify({ label: LABEL, type, id, data }));
  }
}
