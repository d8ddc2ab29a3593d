/** One holder at a time, in the order asked. SQLite has one writer; waiting here is cheaper and fairer than SQLITE_BUSY. */
export class Mutex {
  #last: Promise<void> = Promise.resolve();

  async run<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#last;
    const mine = Promise.withResolvers<void>();
    this.#last = mine.promise;
    await before;
    try {
      return await work();
    } finally {
      mine.resolve();
    }
  }
}
