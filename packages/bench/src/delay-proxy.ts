// A line with a delay, for TCP over loopback: every chunk comes out at the other end a fixed time after it went in, in order, in both
// directions. It has no rate of its own; a limited sender gives it one.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

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

  /** Leads to `target`, `address:port`. @param delay milliseconds each way, half of the round trip */
  static async start(host: string, target: string, delay: number): Promise<DelayProxy> {
    const server = createServer({ noDelay: true, allowHalfOpen: true })
    server.listen(0, host)
    await once(server, 'listening')
    const proxy = new DelayProxy(server, host)
    const [address, port] = target.split(':') as [string, string]
    server.on('connection', (near) => {
      const far = connect({ host: address, port: Number(port), noDelay: true, allowHalfOpen: true })
      proxy.#join(near, far, delay)
      proxy.#join(far, near, delay)
    })
    return proxy
  }

  #join(from: Socket, to: Socket, delay: number): void {
    this.#sockets.add(from)
    from.on('data', (bytes) => setTimeout(() => to.write(bytes), delay))
    from.on('end', () => setTimeout(() => to.end(), delay))
    from.on('error', () => to.destroy())
    from.on('close', () => this.#sockets.delete(from))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
