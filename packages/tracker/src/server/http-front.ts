// The HTTP face of the tracker: /announce, /scrape and /stats. Everything else, and everything malformed, gets a bencoded
// failure and nothing more.
//
// Bounds: request heads of 8 KiB, no bodies, 10 s for a request, 10 s for a silent connection, a cap on connections. The handler
// answers within the same turn, so there is never a queue of requests to bound.

import http, { type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { SourceError } from '@torrential/primitives'
import { addressBytes } from './address-bytes.ts'
import { announceAnswer, failureAnswer, scrapeAnswer } from './http-answer.ts'
import { type HttpTarget, parseAnnounce, parseScrape, parseTarget } from './http-request.ts'
import { compactKey, type FrontCounters, isAllowed, record, type TrackerCore } from './tracker-core.ts'

/** Infohashes in one scrape; more are left out. */
export const MAX_SCRAPE = 74
/** Milliseconds for a request to arrive, and for a connection to be silent. */
const requestTimeout = 10_000
const maxHead = 8_192

export class HttpFront {
  readonly counters: FrontCounters = { announces: 0, scrapes: 0, refused: 0 }
  readonly #core: TrackerCore
  readonly #statistics: () => object
  readonly #servers: Server[] = []

  /** `statistics` is what /stats shows. */
  constructor(core: TrackerCore, statistics: () => object) {
    this.#core = core
    this.#statistics = statistics
  }

  /** Resolves with the port. Rejects with the system's error. */
  listen(host: string, port: number, ipv6Only: boolean): Promise<number> {
    const server = http.createServer({
      maxHeaderSize: maxHead,
      headersTimeout: requestTimeout,
      requestTimeout,
      keepAliveTimeout: requestTimeout / 2,
      connectionsCheckingInterval: 2_000,
      requireHostHeader: false,
      insecureHTTPParser: false,
    })
    server.maxConnections = this.#core.settings.maxConnections
    server.timeout = requestTimeout
    server.on('request', (request, response) => this.#handle(request, response))
    server.on('clientError', (_error, socket) => this.#refuseBroken(socket as Socket))
    // Neither is a thing that trackers do; without listeners Node closes CONNECT, and answers Expect by itself.
    server.on('upgrade', (_request, socket) => socket.destroy())
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host, port, ipv6Only, exclusive: true }, () => {
        server.off('error', reject)
        server.on('error', (cause) => this.#report('the HTTP server failed', cause))
        this.#servers.push(server)
        const bound = server.address()
        resolve(bound !== null && typeof bound === 'object' ? bound.port : port)
      })
    })
  }

  /** Also cuts connections that are open. */
  async close(): Promise<void> {
    await Promise.all(
      this.#servers.splice(0).map(
        (server) =>
          new Promise<void>((resolve) => {
            server.close(() => resolve())
            server.closeAllConnections()
          }),
      ),
    )
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    response.on('error', () => {})
    try {
      const { method = '', url = '' } = request
      if (method !== 'GET' && method !== 'HEAD') return this.#refuse(response, 405, 'only GET is answered')
      const target = parseTarget(url)
      if (target === undefined) return this.#refuse(response, 400, 'malformed escape in the query')
      if (target.path.endsWith('/announce')) this.#announce(request, response, target)
      else if (target.path.endsWith('/scrape')) this.#scrape(request, response, target)
      else if (target.path === '/stats') send(response, 200, JSON.stringify(this.#statistics()), 'json')
      else this.#refuse(response, 404, 'announce URLs end in /announce')
    } catch (cause) {
      // Nothing above throws by design; `allow` is the operator's code.
      this.#report('a request could not be answered', cause)
      this.#refuse(response, 500, 'internal error')
    }
  }

  #announce(request: IncomingMessage, response: ServerResponse, target: HttpTarget): void {
    const asked = parseAnnounce(target)
    if (typeof asked === 'string') return this.#refuse(response, 200, asked)
    const host = request.socket.remoteAddress ?? ''
    const claimed = this.#core.settings.trustIp && asked.ip !== undefined ? addressBytes(asked.ip) : undefined
    const address = claimed ?? addressBytes(host)
    if (address === undefined) return void response.destroy()
    if (!isAllowed(this.#core, asked.infoHash, { target: request.url ?? '', host })) {
      return this.#refuse(response, 200, 'torrent not allowed')
    }
    const peer = { key: compactKey(address, asked.port), peerId: asked.peerId, seed: asked.seed }
    const swarm = record(this.#core, asked.infoHash, peer, asked.event)
    if (swarm === 'full') return this.#refuse(response, 200, 'the tracker is full')
    this.counters.announces += 1
    const known = swarm === 'empty' ? undefined : swarm
    send(response, 200, announceAnswer(asked, peer, known, this.#core.settings), 'plain')
  }

  #scrape(request: IncomingMessage, response: ServerResponse, target: HttpTarget): void {
    const asked = parseScrape(target, MAX_SCRAPE)
    if (typeof asked === 'string') return this.#refuse(response, 200, asked)
    const context = { target: request.url ?? '', host: request.socket.remoteAddress ?? '' }
    const entries = asked
      .filter((infoHash) => isAllowed(this.#core, infoHash, context))
      .map((infoHash) => ({ infoHash, swarm: this.#core.store.find(infoHash) }))
    this.counters.scrapes += 1
    send(response, 200, scrapeAnswer(entries), 'plain')
  }

  /** Failures of BEP 3 come with status 200; other statuses are for what is no tracker request at all. */
  #refuse(response: ServerResponse, status: number, reason: string): void {
    this.counters.refused += 1
    if (response.headersSent) return void response.destroy()
    response.setHeader('Connection', 'close')
    send(response, status, failureAnswer(reason), 'plain')
  }

  /** Not HTTP, too long, or too slow. */
  #refuseBroken(socket: Socket): void {
    this.counters.refused += 1
    if (!socket.writable) return void socket.destroy()
    const body = failureAnswer('malformed request')
    const head = `HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`
    socket.end(head + body, 'latin1')
    // Whoever does not read its refusal is not waited for.
    socket.setTimeout(requestTimeout / 10, () => socket.destroy())
  }

  #report(message: string, cause: unknown): void {
    this.#core.hub.emit({ type: 'error', error: new SourceError('TRACKER_SERVER', message, { cause }) })
  }
}

function send(response: ServerResponse, status: number, body: string, type: 'plain' | 'json'): void {
  response.writeHead(status, {
    'Content-Type': type === 'json' ? 'application/json' : 'text/plain',
    'Content-Length': body.length,
  })
  // Text goes out in one write with the head; bytes would need a vectored one, which costs twice as much.
  response.end(body, 'latin1')
}
