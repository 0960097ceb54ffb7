/** Runs work one piece after the other, in the order in which it came; a failed piece does not stop the next. */
export interface SerialQueue {
  /** Queues `work`; the promise settles with it. */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Settles when everything that was queued so far has ended. */
  idle(): Promise<void>;
}

export function createSerialQueue(): SerialQueue {
  let tail: Promise<unknown> = Promise.resolve();
  return {
    run(work) {
      const result = tail.then(work);
      tail = result.catch(() => undefined);
      return result;
    },
    async idle() {
      await tail;
    },
  };
}
