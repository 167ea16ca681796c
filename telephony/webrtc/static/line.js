// The line: both voices of the last seconds on one thread of time. The agent is
// above it, the caller below; one sees who spoke into whose words, and along the
// lower edge what the judge made of the caller's.

const STEP_MS = 50;
const STEP_PX = 5;
const BAR_PX = 3;
const EDGE_PX = 16; // where judgements are written
const STILL = matchMedia("(prefers-reduced-motion: reduce)");
const DARK = matchMedia("(prefers-color-scheme: dark)");

/** Loudness as height: what is quiet stays low, so that syllables stand out. */
const shape = (level) => level ** 1.8;

export class Line {
  #canvas;
  #moments = []; // the latest last: {agent, caller, muted, cut, judged}
  #colours;
  #font;
  #cut = false;
  #judged = "";
  #listen;
  #timer = null;
  #frame = null;
  #sampledAt = 0;

  /** *listen* returns {agent, caller, muted}: two levels from 0 to 1, and whether the caller is muted. */
  constructor(canvas, listen) {
    this.#canvas = canvas;
    this.#listen = listen;
    new ResizeObserver(() => this.#fit()).observe(canvas);
    DARK.addEventListener("change", () => this.#fit());
    this.#fit();
  }

  start() {
    this.#moments = [];
    this.stop();
    this.#timer = setInterval(() => this.#sample(), STEP_MS);
    const draw = () => {
      if (!STILL.matches) this.#draw();
      this.#frame = requestAnimationFrame(draw);
    };
    draw();
  }

  stop() {
    clearInterval(this.#timer);
    cancelAnimationFrame(this.#frame);
  }

  /** Mark this moment: the caller cut the agent off. */
  markCut() {
    this.#cut = true;
  }

  /** Mark this moment: the judge said what to do. */
  markJudged(action) {
    this.#judged = action;
  }

  #sample() {
    this.#moments.push({ ...this.#listen(), cut: this.#cut, judged: this.#judged });
    this.#cut = false;
    this.#judged = "";
    this.#sampledAt = performance.now();
    const kept = Math.ceil(this.#canvas.clientWidth / STEP_PX) + 2;
    if (this.#moments.length > kept) this.#moments.splice(0, this.#moments.length - kept);
    // Without motion the line stands still and is drawn anew, whole, now and then.
    if (STILL.matches && this.#moments.length % 10 === 0) this.#draw();
  }

  #fit() {
    const scale = devicePixelRatio || 1;
    this.#canvas.width = this.#canvas.clientWidth * scale;
    this.#canvas.height = this.#canvas.clientHeight * scale;
    const style = getComputedStyle(this.#canvas);
    this.#font = `${style.getPropertyValue("font-size")} ${style.getPropertyValue("font-family")}`;
    this.#colours = Object.fromEntries(
      ["agent", "caller", "rule", "quiet"].map((name) => [name, style.getPropertyValue(`--${name}`).trim()]),
    );
    this.#draw();
  }

  #draw() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const paint = this.#canvas.getContext("2d");
    const scale = devicePixelRatio || 1;
    paint.setTransform(scale, 0, 0, scale, 0, 0);
    paint.clearRect(0, 0, width, height);
    const middle = (height - EDGE_PX) / 2;
    const room = middle - 4;
    paint.fillStyle = this.#colours.rule;
    paint.fillRect(0, middle - 0.5, width, 1);

    const since = STILL.matches ? 0 : Math.min(1, (performance.now() - this.#sampledAt) / STEP_MS);
    const now = width * 0.94 - since * STEP_PX;
    this.#moments.forEach((moment, index) => {
      const x = now - (this.#moments.length - 1 - index) * STEP_PX;
      if (x < -BAR_PX) return;
      paint.globalAlpha = Math.min(1, 0.15 + (1.1 * x) / width); // time fades
      if (moment.cut) {
        paint.fillStyle = this.#colours.agent;
        paint.fillRect(x, 2, 1, height - EDGE_PX - 4);
      }
      if (moment.judged) this.#word(paint, moment.judged, x, height);
      this.#bar(paint, this.#colours.agent, x, middle - 1, -shape(moment.agent) * room);
      if (!moment.muted) this.#bar(paint, this.#colours.caller, x, middle + 1, shape(moment.caller) * room);
    });
    paint.globalAlpha = 1;
  }

  /** A judgement, under the moment at which it was made. What is not plain stands out. */
  #word(paint, action, x, height) {
    const plain = action === "respond" || action === "silence";
    paint.fillStyle = plain ? this.#colours.quiet : this.#colours.agent;
    paint.fillRect(x, height - EDGE_PX, 1, 4);
    paint.font = this.#font;
    paint.textBaseline = "bottom";
    paint.fillText(action, x + 4, height - 1);
  }

  #bar(paint, colour, x, from, length) {
    if (Math.abs(length) < 1) return;
    paint.fillStyle = colour;
    paint.beginPath();
    paint.roundRect(x, Math.min(from, from + length), BAR_PX, Math.abs(length), BAR_PX / 2);
    paint.fill();
  }
}
