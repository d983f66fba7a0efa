/** Short recordings of the webcam, as small RGB frames; the picture is shown while it is on, and goes nowhere. */
import type { Recording } from '../../../../workers/finetune/protocol.ts';
import { make } from '../dom.ts';

const side = 112;
const frames = 16;
const milliseconds = 2000;

export class Webcam {
  readonly element = make('video', { class: 'live-webcam', playsinline: true, hidden: true, 'aria-label': 'Webcam' });
  #stream: MediaStream | undefined;

  /** @throws Error in words where there is none, or it may not be used */
  async start(): Promise<void> {
    if (this.#stream) return;
    if (!navigator.mediaDevices)
      throw new Error('This browser lets no page use a webcam here (https or localhost is needed).');
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 240 }, audio: false });
    } catch (error) {
      throw new Error(
        `The webcam cannot be used: ${error instanceof Error ? error.message : error}. Allow it for this page, or choose files.`,
      );
    }
    this.element.muted = true;
    this.element.srcObject = this.#stream;
    this.element.hidden = false;
    await this.element.play();
  }

  stop(): void {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = undefined;
    this.element.hidden = true;
  }

  /** Two seconds, sixteen square frames. */
  async record(): Promise<Omit<Recording, 'label'>> {
    await this.start();
    const canvas = make('canvas', { width: side, height: side });
    const context = canvas.getContext('2d', { willReadFrequently: true });
    if (!context) throw new Error('This browser draws no pictures.');
    const pixels = new Uint8Array(frames * side * side * 3);
    for (let frame = 0; frame < frames; frame++) {
      const { videoWidth: width, videoHeight: height } = this.element;
      const cut = Math.min(width, height);
      context.drawImage(this.element, (width - cut) / 2, (height - cut) / 2, cut, cut, 0, 0, side, side);
      const { data } = context.getImageData(0, 0, side, side);
      const at = frame * side * side;
      for (let i = 0; i < side * side; i++) pixels.set(data.subarray(4 * i, 4 * i + 3), 3 * (at + i));
      await new Promise((next) => setTimeout(next, milliseconds / frames));
    }
    return { width: side, height: side, pixels };
  }
}
