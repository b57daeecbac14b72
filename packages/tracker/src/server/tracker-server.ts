// A tracker: one store, an HTTP and a UDP front on the same port, and the timer that lets silent peers go.
//
// Port 0 means one port that is free for every host and both protocols: the first socket picks it, the others follow, and when
// one of them finds it taken all are closed and the choice is made again.

import {
  EventHub,
  type EventStream,
  formatAddress,
  InputError,
  type LaggedEvent,
  type PeerAddress,
  peerAddress,
  type SubscribeOptions,
} from '@torrential/primitives'
import { systemRandom } from '@torrential/primitives/system'
import { ConnectionIds } from './connection-ids.ts'
import { HttpFront } from './http-front.ts'
import { type ServerSettings, serverSettings, type TrackerServerOptions } from './server-options.ts'
import { SWEEP_INTERVAL, SwarmStore } from './swarm-store.ts'
import type { TrackerCore, TrackerServerEvent } from './tracker-core.ts'
import { UdpFront } from './udp-front.ts'

export interface TrackerServerStats {
  readonly torrents: number
  readonly seeders: number
  readonly leechers: number
  /** Answered since the start. */
  readonly announces: { readonly http: number; readonly udp: number }
  readonly scrapes: { readonly http: number; readonly udp: number }
  /** Requests that got an error or, where even that would be abuse, nothing. */
  readonly refused: { readonly http: number; readonly udp: number }
  /** Milliseconds since the start. */
  readonly uptime: number
}

export interface TrackerServer extends AsyncDisposable {
  /** Announce URLs, e.g. `http://127.0.0.1:6969/announce`. For wildcard hosts the loopback address stands in. */
  readonly urls: readonly string[]
  /** The first host, and the port in fact bound. */
  readonly address: PeerAddress
  /** A snapshot. */
  readonly stats: TrackerServerStats
  events(options?: SubscribeOptions<TrackerServerEvent['type']>): EventStream<TrackerServerEvent | LaggedEvent>
  /** Idempotent; resolves when every socket is closed. */
  close(): Promise<void>
}

/** How often a free port is looked for. */
const portAttempts = 20

/**
 * Starts a tracker.
 * @throws InputError `TRACKER_OPTION`, `LISTEN_IN_USE`, `LISTEN_DENIED`, `LISTEN_FAILED`
 */
export async function createTrackerServer(options: TrackerServerOptions = {}): Promise<TrackerServer> {
  const server = new Server(serverSettings(options))
  await server.listen()
  return server
}

class Server implements TrackerServer {
  readonly #settings: ServerSettings
  readonly #store: SwarmStore
  readonly #hub = new EventHub<TrackerServerEvent>({ keep: ['error', 'closed'], optIn: ['announce'] })
  readonly #http: HttpFront
  readonly #udp: UdpFront
  readonly #startedAt: number
  #hosts: readonly string[] = []
  #port = 0
  #sweep: Disposable | undefined
  #closing: Promise<void> | undefined

  constructor(settings: ServerSettings) {
    const { clock, random } = settings
    this.#settings = settings
    this.#store = new SwarmStore({ clock, random }, settings)
    const core: TrackerCore = { store: this.#store, settings, hub: this.#hub }
    this.#http = new HttpFront(core, () => this.stats)
    // Secrets always come from the strong source, whatever picks the peers.
    this.#udp = new UdpFront(core, new ConnectionIds({ clock, random: systemRandom }))
    this.#startedAt = clock.now()
  }

  get urls(): readonly string[] {
    const { http, udp } = this.#settings
    return this.#hosts.flatMap((host) => {
      const place = formatAddress(peerAddress(reachable(host), this.#port))
      return [...(http ? [`http://${place}/announce`] : []), ...(udp ? [`udp://${place}/announce`] : [])]
    })
  }

  get address(): PeerAddress {
    return peerAddress(this.#hosts[0] ?? '0.0.0.0', this.#port)
  }

  get stats(): TrackerServerStats {
    const http = this.#http.counters
    const udp = this.#udp.counters
    return {
      torrents: this.#store.torrents,
      seeders: this.#store.seeders,
      leechers: this.#store.leechers,
      announces: { http: http.announces, udp: udp.announces },
      scrapes: { http: http.scrapes, udp: udp.scrapes },
      refused: { http: http.refused, udp: udp.refused },
      uptime: this.#settings.clock.now() - this.#startedAt,
    }
  }

  events(options?: SubscribeOptions<TrackerServerEvent['type']>): EventStream<TrackerServerEvent | LaggedEvent> {
    return this.#hub.subscribe(options)
  }

  close(): Promise<void> {
    this.#closing ??= (async () => {
      this.#sweep?.[Symbol.dispose]()
      await this.#closeSockets()
      this.#hub.emit({ type: 'closed' })
      this.#hub.close()
    })()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async listen(): Promise<void> {
    const { hosts, port } = this.#settings
    if (hosts === undefined) await this.#listenEverywhere()
    else await this.#listenOn(hosts, port)
    const again = () => {
      this.#store.sweep()
      this.#sweep = this.#settings.clock.timer(SWEEP_INTERVAL, again)
    }
    this.#sweep = this.#settings.clock.timer(SWEEP_INTERVAL, again)
  }

  async #listenEverywhere(): Promise<void> {
    try {
      await this.#listenOn(['::'], this.#settings.port)
    } catch (error) {
      if ((error as InputError).code !== 'LISTEN_FAILED') throw error
      await this.#listenOn(['0.0.0.0'], this.#settings.port)
    }
  }

  async #listenOn(hosts: readonly string[], port: number): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        this.#port = await this.#bindAll(hosts, port)
        this.#hosts = hosts
        return
      } catch (error) {
        await this.#closeSockets()
        const { code } = error as NodeJS.ErrnoException
        if (port !== 0 || code !== 'EADDRINUSE' || attempt === portAttempts) throw listenError(error, hosts, port)
      }
    }
  }

  /** Returns the port that the first socket got. */
  async #bindAll(hosts: readonly string[], port: number): Promise<number> {
    let bound = port
    // Two wildcards would be in each other's way unless the IPv6 one keeps to itself.
    const ipv6Only = hosts.length > 1
    for (const host of hosts) {
      if (this.#settings.http) bound = await this.#http.listen(host, bound, ipv6Only)
      if (this.#settings.udp) bound = await this.#udp.listen(host, bound, ipv6Only)
    }
    return bound
  }

  async #closeSockets(): Promise<void> {
    await Promise.all([this.#http.close(), this.#udp.close()])
  }
}

function listenError(cause: unknown, hosts: readonly string[], port: number): InputError {
  const { code } = cause as NodeJS.ErrnoException
  const where = `${hosts.join(', ')} port ${port}`
  if (code === 'EADDRINUSE') return new InputError('LISTEN_IN_USE', `${where} is in use`, { cause })
  if (code === 'EACCES') return new InputError('LISTEN_DENIED', `${where} is not ours to use`, { cause })
  return new InputError('LISTEN_FAILED', `cannot listen on ${where}`, { cause })
}

function reachable(host: string): string {
  return host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
}
