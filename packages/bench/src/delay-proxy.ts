// A line with a delay and a rate, for TCP over loopback: what goes in at one end comes out at the other a fixed time later, in order, in
// both directions, and from the target no faster than the rate. The rate is here and not in the sender, because the limits of clients
// work in steps of half a second, which would hide the delay. What the line cannot take stays with the sender.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** What a line is like. */
export interface Line {
  /** Milliseconds each way, half of the round trip. */
  readonly delay: number
  /** Bytes per second from the target. @default no limit */
  readonly rate?: number
}

/** The sender is held up when the line is busy for as many milliseconds to come. */
const mostAhead = 4

/** See the module's header. */
export class DelayProxy implements AsyncDisposable {
  /** Where it takes connections, `address:port`. */
  readonly address: string
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(server: Server, host: string) {
    this.#server = server
    this.address = `${host}:${(server.address() as AddressInfo).port}`
  }

  /** Leads to `target`, `address:port`. */
  static async start(host: string, target: string, { delay, rate = Infinity }: Line): Promise<DelayProxy> {
    const server = createServer({ noDelay: true, allowHalfOpen: true })
    server.listen(0, host)
    await once(server, 'listening')
    const proxy = new DelayProxy(server, host)
    const [address, port] = target.split(':') as [string, string]
    server.on('connection', (near) => {
      const far = connect({ host: address, port: Number(port), noDelay: true, allowHalfOpen: true })
      proxy.#join(near, far, delay, Infinity)
      proxy.#join(far, near, delay, rate)
    })
    return proxy
  }

  #join(from: Socket, to: Socket, delay: number, rate: number): void {
    this.#sockets.add(from)
    const line = new Queue(to)
    let free = 0
    from.on('data', (bytes) => {
      const now = performance.now()
      free = Math.max(now, free) + (bytes.length / rate) * 1000
      line.push(bytes, free + delay)
      if (free - now <= mostAhead) return
      from.pause()
      setTimeout(() => from.resume(), free - now - mostAhead / 2)
    })
    from.on('end', () => line.push(undefined, Math.max(free, performance.now()) + delay))
    from.on('error', () => to.destroy())
    from.on('close', () => this.#sockets.delete(from))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

/** What is on its way in one direction; one timer, because timers of different lengths keep no order. */
class Queue {
  readonly #to: Socket
  /** Undefined is the end. */
  readonly #chunks: { readonly bytes: Buffer | undefined; readonly at: number }[] = []

  constructor(to: Socket) {
    this.#to = to
  }

  push(bytes: Buffer | undefined, at: number): void {
    this.#chunks.push({ bytes, at })
    if (this.#chunks.length === 1) this.#wait()
  }

  #wait(): void {
    const [next] = this.#chunks
    if (next !== undefined) setTimeout(() => this.#deliver(), Math.max(0, next.at - performance.now()))
  }

  #deliver(): void {
    const now = performance.now()
    for (let next = this.#chunks[0]; next !== undefined && next.at <= now; next = this.#chunks[0]) {
      if (next.bytes === undefined) this.#to.end()
      else this.#to.write(next.bytes)
      this.#chunks.shift()
    }
    this.#wait()
  }
}
