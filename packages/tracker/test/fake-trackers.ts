// Trackers that are functions: what they are asked is written down, what they answer is up to the test.

import { SeededRandom, SourceError, VirtualClock } from '@torrential/primitives'
import { Announcer } from '../src/announcer.ts'
import type { AnnouncerOptions } from '../src/announcer-options.ts'
import type { AnnounceReply, AnnounceRequest, ScrapeResult, TrackerClient } from '../src/tracker-client.ts'
import { TrackerClients } from '../src/tracker-clients.ts'
import type { TrackerEvent } from '../src/tracker-event.ts'
import { infoHash, peerId } from './samples.ts'

export type Answer = Partial<AnnounceReply> | Error | 'silence'

export interface Asked {
  /** Milliseconds on the clock. */
  readonly at: number
  /** First label of the host name. */
  readonly name: string
  readonly event: string | undefined
  readonly request: AnnounceRequest
}

export class FakeTrackers {
  readonly clock = new VirtualClock()
  readonly random = new SeededRandom(1)
  readonly asked: Asked[] = []
  readonly answers = new Map<string, Answer | ((request: AnnounceRequest) => Answer)>()
  readonly scrapes = new Map<string, ScrapeResult | Error>()
  progress = { uploaded: 0, downloaded: 0, left: 100 }
  readonly clients: TrackerClients
  /** Calls under way now, and the most that ever were. */
  running = 0
  most = 0

  constructor(concurrency = 50) {
    const client: TrackerClient = {
      announce: (url, request, options) => this.#announce(url, request, options?.signal),
      scrape: async (url) => {
        const result = this.scrapes.get(nameOf(url))
        if (result instanceof Error) throw result
        return [result]
      },
      close: async () => {},
      [Symbol.asyncDispose]: async () => {},
    }
    this.clients = new TrackerClients(this, { http: client, udp: client, concurrency })
  }

  announcer(tiers: string[][], options: AnnouncerOptions = {}): Announcer {
    const { clock, random, clients } = this
    return new Announcer(
      {
        tiers: tiers.map((tier) => tier.map(urlOf)),
        infoHash,
        peerId,
        progress: () => this.progress,
        clock,
        random,
        clients,
      },
      { key: 1, ...options },
    )
  }

  /** `name event` of every announce so far, and forgets them. */
  take(): string[] {
    return this.asked.splice(0).map(({ name, event }) => (event === undefined ? name : `${name} ${event}`))
  }

  /** Lets time pass and promises settle. */
  pass(seconds: number): Promise<void> {
    return this.clock.advanceAsync(seconds * 1000)
  }

  async #announce(url: string, request: AnnounceRequest, signal: AbortSignal | undefined): Promise<AnnounceReply> {
    const name = nameOf(url)
    this.asked.push({ at: this.clock.now(), name, event: request.event, request })
    this.running += 1
    this.most = Math.max(this.most, this.running)
    try {
      const planned = this.answers.get(name) ?? {}
      const answer = typeof planned === 'function' ? planned(request) : planned
      if (answer === 'silence')
        return await new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
      await Promise.resolve()
      if (answer instanceof Error) throw answer
      return { interval: 1_800_000, peers: [], bytesSent: 10, bytesReceived: 20, ...answer }
    } finally {
      this.running -= 1
    }
  }
}

export function urlOf(name: string): string {
  return name.includes(':') ? name : `http://${name}.test/announce`
}

export function nameOf(url: string): string {
  return new URL(url).hostname.replace('.test', '')
}

export function refusal(code = 'TRACKER_UNREACHABLE', data: object = {}): SourceError {
  return new SourceError(code, code, { ...data })
}

/** Everything that has been emitted so far. */
export function recorder(announcer: Announcer): TrackerEvent[] {
  const events: TrackerEvent[] = []
  const stream = announcer.events()
  void (async () => {
    for await (const event of stream) if (event.type !== 'lagged') events.push(event)
  })()
  return events
}
