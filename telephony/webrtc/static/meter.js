// How loud a stream is, from nothing (0) to as loud as speech gets (1).

const FLOOR_DB = -56;
const CEILING_DB = -10;

export class Meter {
  #analyser;
  #source;
  #samples;

  constructor(context, stream) {
    this.#analyser = new AnalyserNode(context, { fftSize: 1024 });
    this.#samples = new Float32Array(this.#analyser.fftSize);
    this.#source = new MediaStreamAudioSourceNode(context, { mediaStream: stream });
    this.#source.connect(this.#analyser);
  }

  level() {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    let sum = 0;
    for (const sample of this.#samples) sum += sample * sample;
    const db = 10 * Math.log10(sum / this.#samples.length + 1e-12);
    return Math.min(1, Math.max(0, (db - FLOOR_DB) / (CEILING_DB - FLOOR_DB)));
  }

  stop() {
    this.#source.disconnect();
  }
}
