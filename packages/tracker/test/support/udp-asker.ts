import { createSocket, type Socket } from "node:dgram";

/** Asks a tracker over UDP, byte by byte as given, and waits for one answer to each question. */
export class UdpAsker {
  readonly #socket: Socket;
  readonly #waiting: ((answer: Uint8Array) => void)[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("message", (answer) => this.#waiting.shift()?.(Uint8Array.from(answer)));
  }

  static async open(port: number, host: string, from?: string): Promise<UdpAsker> {
    const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
    await new Promise<void>((resolve) => socket.bind(0, from, resolve));
    await new Promise<void>((resolve) => socket.connect(port, host, resolve));
    return new UdpAsker(socket);
  }

  send(question: Uint8Array): void {
    this.#socket.send(question);
  }

  ask(question: Uint8Array): Promise<Uint8Array> {
    const answer = new Promise<Uint8Array>((resolve) => this.#waiting.push(resolve));
    this.send(question);
    return answer;
  }

  close(): void {
    this.#socket.close();
  }
}
