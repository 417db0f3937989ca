/** A promise that others settle. Never counts as unhandled: who does not await it hears of errors by event. */
export class Deferred {
  readonly promise: Promise<void>;
  isSettled: boolean = false;
  resolve!: () => void;
  reject!: (error: unknown) => void;

  constructor() {
    this.promise = new Promise<void>((resolve, reject) => {
      this.resolve = () => {
        this.isSettled = true;
        resolve();
      };
      this.reject = (error) => {
        this.isSettled = true;
        reject(error);
      };
    });
    this.promise.catch(() => undefined);
  }
}
