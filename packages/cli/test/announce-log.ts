// A tracker just good enough to remember who told it what. Written by hand, so that the command is not tested against our own
// server only.

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export class AnnounceLog implements AsyncDisposable {
  readonly events: (string | null)[] = []
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  static async open(): Promise<AnnounceLog> {
    const server = createServer()
    const log = new AnnounceLog(server)
    server.on('request', (request, response) => {
      log.events.push(new URL(request.url ?? '', 'http://tracker').searchParams.get('event'))
      response.end('d8:intervali1800e5:peers0:e')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return log
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/announce`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
