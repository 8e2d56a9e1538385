import { existsSync } from "node:fs";

/** Loads that may run at once on one host. */
const PER_HOST = 2;

/** Lets two workers load at a time, and one on each GPU: a load peaks far above what a model needs later. */
export class LoadGate {
  #running = 0;
  readonly #devices = new Set<string>();
  #waiting: { readonly device: string; readonly enter: () => void }[] = [];

  /** Waits for its turn; the function it gives back ends the turn. @param signal - ends the wait */
  async enter(device: string, signal: AbortSignal): Promise<() => void> {
    const place = isCpu(device) ? "" : device;
    if (this.#isOpen(place)) this.#take(place);
    else if (!(await this.#wait(place, signal))) return () => {};
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#leave(place);
    };
  }

  /** Whether its turn came before the signal. */
  #wait(device: string, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const giveUp = () => {
        this.#waiting = this.#waiting.filter((each) => each !== waiting);
        resolve(false);
      };
      const enter = () => {
        signal.removeEventListener("abort", giveUp);
        resolve(true);
      };
      const waiting = { device, enter };
      this.#waiting.push(waiting);
      signal.addEventListener("abort", giveUp, { once: true });
    });
  }

  #isOpen(device: string): boolean {
    return this.#running < PER_HOST && !this.#devices.has(device);
  }

  #take(device: string): void {
    this.#running += 1;
    if (device !== "") this.#devices.add(device);
  }

  #leave(device: string): void {
    this.#running -= 1;
    this.#devices.delete(device);
    for (const waiting of [...this.#waiting]) {
      if (!this.#isOpen(waiting.device)) continue;
      this.#waiting = this.#waiting.filter((each) => each !== waiting);
      this.#take(waiting.device);
      waiting.enter();
    }
  }
}

function isCpu(device: string): boolean {
  if (device === "cpu") return true;
  return device === "auto" && process.platform === "linux" && !existsSync("/dev/nvidiactl");
}
