// What is said, as it is said. The agent's lines grow with the words that were
// really spoken; what an interruption cut off never appears.

const KEPT = 200;
const SPEAKERS = { agent: "Agent", caller: "You" };

/** One speaker's uninterrupted say. */
class Line {
  #text = "";
  #tail = "";
  #words;
  #took;
  #toldLength = 0;

  constructor(who, aside) {
    this.who = who;
    this.aside = aside;
    this.over = false;
    this.element = make("li", `line-of ${who}${aside ? " aside" : ""}`);
    const label = make("p", "who");
    label.append(make("span", "", SPEAKERS[who]), (this.#took = make("span", "took")));
    this.#words = make("p", "words");
    this.element.append(label, this.#words);
  }

  get text() {
    return this.#text;
  }

  /** Show *text*, and after it *tail* in a paler ink. Words that are new fade in. */
  show(text, tail = "") {
    if (text === this.#text && tail === this.#tail) return;
    if (this.#text && !this.#tail && !tail && text.startsWith(this.#text)) {
      this.#words.append(make("span", "fresh", text.slice(this.#text.length)));
    } else {
      this.#words.replaceChildren(text);
      if (tail) this.#words.append(make("span", "interim", text ? ` ${tail}` : tail));
    }
    this.#text = text;
    this.#tail = tail;
  }

  /** What was added since this was last asked. */
  untold() {
    const words = this.#text.slice(this.#toldLength).trim();
    this.#toldLength = this.#text.length;
    return words;
  }

  /** The speaker was cut off here. */
  cut() {
    this.over = true;
    this.element.classList.add("cut");
    const mark = make("span", "cut-mark", /[.!?]$/.test(this.#text) ? " —" : "—");
    mark.title = "cut off";
    this.#words.append(mark);
  }

  took(ms) {
    this.#took.textContent = `after ${(ms / 1000).toFixed(1)} s`;
    this.#took.title = "from your last word to the agent’s first";
  }
}

export class Captions {
  #scroller;
  #list;
  #log;
  #lines = [];
  #segments = new Map(); // of the agent's speech: id → {line, heard, rest, tracked, dead, aside}
  #speaking = false;
  #latencyMs = null;
  #atEnd = true; // until the reader scrolls up

  /** *list* is the visible script inside *scroller*; *log* is read out, one finished line at a time. */
  constructor(scroller, list, log) {
    this.#scroller = scroller;
    this.#list = list;
    this.#log = log;
    scroller.addEventListener("scroll", () => { this.#atEnd = this.#isAtEnd(); });
    new ResizeObserver(() => this.#follow()).observe(scroller);
  }

  clear() {
    this.#lines = [];
    this.#segments.clear();
    this.#speaking = false;
    this.#latencyMs = null;
    this.#list.replaceChildren();
    this.#log.replaceChildren();
  }

  /** RTVI user-input: what the caller said, first as a guess and then for good. */
  userInput({ text, final, input_type: kind }) {
    const words = text.trim();
    if (!words) return;
    const line = this.#lineFor("caller", kind === "backchannel");
    if (!final) {
      line.show(line.text, words);
    } else {
      line.show([line.text, words].filter(Boolean).join(" "));
      this.#tell("You", words);
    }
    this.#follow();
  }

  /** RTVI bot-output: a segment of the agent's speech, and how much of it was spoken by now. */
  botOutput({ segment_id: id, text, output_type: type, will_be_spoken: spoken, spoken_progress: progress }) {
    const segment = this.#segments.get(id) ?? this.#newSegment(id, type);
    if (segment.dead) return; // words that were still on their way when it was cut off
    segment.heard = spoken === false ? text : (progress?.accumulated_text ?? text);
    segment.rest = spoken === false ? "" : (progress?.remaining_text ?? "");
    segment.tracked ||= Boolean(segment.heard && segment.rest);
    this.#showAgent(segment);
  }

  agentStarted() {
    this.#speaking = true;
  }

  /** The agent came to its end: what it began, without telling how far it was, is spoken now. */
  agentStopped() {
    this.#speaking = false;
    for (const segment of this.#segments.values()) {
      if (segment.dead || segment.tracked || !segment.rest) continue;
      segment.heard += segment.rest;
      segment.rest = "";
      this.#showAgent(segment);
    }
    const line = this.#lines.findLast(({ who }) => who === "agent");
    if (line && !line.over) this.#tell("Agent", line.untold());
  }

  /** The caller cut in. Returns whether that left something unsaid. */
  interrupted() {
    const open = [...this.#segments.values()].filter((segment) => !segment.dead);
    const last = open.findLast((segment) => segment.line);
    for (const segment of open) segment.dead = true;
    // Where the voice does not say how far it has come, being cut off counts as unsaid.
    const unsaid = open.some((segment) => segment.rest) || !last?.tracked;
    if (!this.#speaking || !last || last.line.over || !unsaid) return false;
    last.line.cut();
    this.#tell("Agent, cut off", last.line.untold());
    return true;
  }

  /** The agent took *ms* to reply: a note beside its line. */
  replyLatency(ms) {
    const last = this.#lines.at(-1);
    if (last?.who === "agent" && !last.over) last.took(ms);
    else this.#latencyMs = ms;
  }

  #showAgent(segment) {
    if (!segment.heard) return; // not a word of it was spoken yet
    segment.line ??= this.#lineFor("agent", segment.aside);
    const parts = [...this.#segments.values()].filter((other) => other.line === segment.line);
    segment.line.show(parts.map((part) => part.heard.trim()).filter(Boolean).join(" "));
    this.#follow();
  }

  #newSegment(id = Symbol("segment"), type = "sentence") {
    const segment = { line: null, heard: "", rest: "", tracked: false, dead: false, aside: type === "backchannel" };
    this.#segments.set(id, segment);
    if (this.#segments.size > KEPT) this.#segments.delete(this.#segments.keys().next().value);
    return segment;
  }

  #lineFor(who, aside) {
    const last = this.#lines.at(-1);
    if (last?.who === who && !last.over && last.aside === aside) return last;
    const line = new Line(who, aside);
    if (who === "agent" && this.#latencyMs !== null) {
      line.took(this.#latencyMs);
      this.#latencyMs = null;
    }
    this.#lines.push(line);
    this.#list.append(line.element);
    if (this.#lines.length > KEPT) this.#lines.shift().element.remove();
    return line;
  }

  #tell(who, words) {
    if (words) this.note(`${who}: ${words}`);
  }

  /** Have *words* read out, when there is a screen reader, after what is being read. */
  note(words) {
    this.#log.append(make("p", "", words));
    if (this.#log.childElementCount > KEPT) this.#log.firstElementChild.remove();
  }

  #follow() {
    if (this.#atEnd) this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  #isAtEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight < 48;
  }
}

function make(tag, className = "", text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.textContent = text;
  return element;
}
