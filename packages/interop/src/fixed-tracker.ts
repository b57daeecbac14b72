// A tracker that answers every announce with the same peers, however many torrents there are and whoever asks.
//
// aria2 and transmission learn of peers from trackers only. This one lets a test say exactly whom they meet, without depending on
// the tracker that other tests are about.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** See the module's header. */
export class FixedTracker implements AsyncDisposable {
  readonly url: string
  readonly #server: Server

  private constructor(server: Server, host: string) {
    this.#server = server
    this.url = `http://${host}:${(server.address() as AddressInfo).port}/announce`
  }

  /** Listens on `host`; the peers are IPv4, `address:port`. */
  static async start(host: string, peers: readonly string[]): Promise<FixedTracker> {
    const reply = announceReply(peers)
    const server = createServer((_request, response) => response.end(reply))
    server.listen(0, host)
    await once(server, 'listening')
    return new FixedTracker(server, host)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

function announceReply(peers: readonly string[]): Buffer {
  const compact = Buffer.concat(peers.map(compactPeer))
  const head = `d8:completei1e10:incompletei1e8:intervali60e5:peers${compact.length}:`
  return Buffer.concat([Buffer.from(head), compact, Buffer.from('e')])
}

function compactPeer(peer: string): Buffer {
  const [host, port] = peer.split(':') as [string, string]
  return Buffer.from([...host.split('.').map(Number), Number(port) >> 8, Number(port) & 0xff])
}
