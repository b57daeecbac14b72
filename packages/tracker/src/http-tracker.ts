// Announce and scrape over HTTP and HTTPS (BEP 3, 7, 23, 24, 31, 48). One call asks on each family that the name has, follows
// at most five redirects for each, and gives one merged reply.

import { type Clock, type InfoHash, parseUrl } from '@torrential/primitives'
import { bothFamilies } from './both-families.ts'
import { type HttpAnswer, httpGet } from './http-get.ts'
import { announcePath, plainPath, scrapePath } from './http-query.ts'
import { parseAnnounceReply, parseScrapeReply, throwExplainedFailure } from './http-reply.ts'
import { mergeReplies } from './merge-replies.ts'
import { type ResolveOptions, resolveTracker } from './resolve-host.ts'
import { TrackerCall } from './tracker-call.ts'
import type {
  AnnounceReply,
  AnnounceRequest,
  HostResolver,
  ResolvedHost,
  ScrapeResult,
  TrackerCallOptions,
  TrackerClient,
  TrackerGuard,
} from './tracker-client.ts'
import { trackerError } from './tracker-error.ts'
import { parseTrackerUrl, schemeOf, scrapeUrlOf } from './tracker-url.ts'

/** More is a loop, or somebody who leads us around. */
export const MAX_REDIRECTS = 5
/** Infohashes in one scrape: more make a request line that trackers refuse. */
export const SCRAPE_BATCH = 50
/** What trackers read as our name. */
export const USER_AGENT = 'Torrential/0.1.0'

export interface HttpTrackerOptions {
  /** @default `Torrential/0.1.0` */
  readonly userAgent?: string
  /** Local IP address to call from; only trackers of its family are reached. */
  readonly localHost?: string
  /** PEM certificates to trust instead of Node's own list. */
  readonly ca?: string | Uint8Array
  readonly resolve?: HostResolver
  readonly guard?: TrackerGuard
}

export class HttpTracker implements TrackerClient {
  readonly #clock: Clock
  readonly #options: HttpTrackerOptions
  readonly #calls = new Set<TrackerCall>()
  #closed = false

  constructor(parts: { readonly clock: Clock }, options: HttpTrackerOptions = {}) {
    this.#clock = parts.clock
    this.#options = options
  }

  /**
   * @throws SourceError `TRACKER_URL`, `TRACKER_BLOCKED`, `TRACKER_UNREACHABLE`, `TRACKER_TLS`, `TRACKER_TIMEOUT`,
   * `TRACKER_HTTP_STATUS`, `TRACKER_REDIRECTS`, `TRACKER_TOO_LARGE`, `TRACKER_REPLY`, `TRACKER_FAILURE`, `TRACKER_CLOSED`;
   * the signal's reason when aborted
   */
  announce(url: string, request: AnnounceRequest, options?: TrackerCallOptions): Promise<AnnounceReply> {
    const target = this.#target(url)
    return this.#call(target, options, async (call) => {
      const addresses = await resolveTracker(target, this.#resolving, call.signal)
      const path = announcePath(target, request)
      const replies = await bothFamilies(
        addresses.map(async (address) => {
          const answer = await this.#get(target, path, address, call.signal)
          return parseAnnounceReply(target, answer.body, trafficIn(answer))
        }),
        this.#clock,
      )
      return mergeReplies(replies)
    })
  }

  /** Fifty infohashes for each request. @throws as `announce`, and `TRACKER_SCRAPE_UNSUPPORTED` (BEP 48) */
  scrape(
    url: string,
    infoHashes: readonly InfoHash[],
    options?: TrackerCallOptions,
  ): Promise<readonly (ScrapeResult | undefined)[]> {
    const announceUrl = this.#target(url)
    return this.#call(announceUrl, options, async (call) => {
      const target = scrapeUrlOf(announceUrl)
      if (target === undefined) {
        throw trackerError('TRACKER_SCRAPE_UNSUPPORTED', announceUrl, 'its URL does not end in announce')
      }
      const [address] = await resolveTracker(target, this.#resolving, call.signal)
      const results: (ScrapeResult | undefined)[] = []
      for (let at = 0; at < infoHashes.length; at += SCRAPE_BATCH) {
        const batch = infoHashes.slice(at, at + SCRAPE_BATCH)
        const answer = await this.#get(target, scrapePath(target, batch), address as ResolvedHost, call.signal)
        results.push(...parseScrapeReply(target, answer.body, batch, trafficIn(answer)))
      }
      return results
    })
  }

  close(): Promise<void> {
    this.#closed = true
    for (const call of this.#calls) call.fail(trackerError('TRACKER_CLOSED', 'client', 'the client is closed'))
    return Promise.resolve()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  get #resolving(): ResolveOptions {
    const { resolve, guard, localHost } = this.#options
    return { resolve, guard, localHost }
  }

  /** A URL that is not ours to ask is found out inside the call, so that it rejects instead of throwing. */
  #target(text: string): URL {
    const url = parseTrackerUrl(text)
    return url !== undefined && schemeOf(url).startsWith('http') ? url : invalid
  }

  async #call<Result>(
    url: URL,
    options: TrackerCallOptions | undefined,
    perform: (call: TrackerCall) => Promise<Result>,
  ): Promise<Result> {
    if (url === invalid) throw trackerError('TRACKER_URL', 'invalid', 'not an HTTP tracker')
    if (this.#closed) throw trackerError('TRACKER_CLOSED', url, 'the client is closed')
    const call = new TrackerCall(url, this.#clock, options)
    this.#calls.add(call)
    try {
      return await perform(call)
    } finally {
      this.#calls.delete(call)
      call[Symbol.dispose]()
    }
  }

  /** Follows redirects. The credentials of the announce URL go to its own origin only, and not by way of another one. */
  async #get(start: URL, startPath: string, startAddress: ResolvedHost, signal: AbortSignal): Promise<HttpAnswer> {
    let url = start
    let path = startPath
    let address = startAddress
    const sum = { bytesSent: 0, bytesReceived: 0 }
    let hasLeft = false
    for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
      hasLeft ||= url.origin !== start.origin
      const answer = await httpGet(url, path, address, {
        clock: this.#clock,
        userAgent: this.#options.userAgent ?? USER_AGENT,
        localHost: this.#options.localHost,
        ca: this.#options.ca,
        auth: hasLeft ? undefined : credentialsOf(start),
        signal,
      })
      sum.bytesSent += answer.bytesSent
      sum.bytesReceived += answer.bytesReceived
      const total = { ...answer, ...sum }
      if (!isRedirect(answer)) return checked(url, total)
      url = nextHop(url, total)
      path = plainPath(url)
      const family = address.family
      const found = await resolveTracker(url, { ...this.#resolving, from: address }, signal)
      address = found.find((candidate) => candidate.family === family) ?? (found[0] as ResolvedHost)
    }
    throw trackerError('TRACKER_REDIRECTS', start, `more than ${MAX_REDIRECTS} redirects`, sum)
  }
}

const invalid = new URL('invalid:')

function isRedirect({ status }: HttpAnswer): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308
}

function nextHop(from: URL, answer: HttpAnswer): URL {
  const { location } = answer
  const target = location === undefined ? undefined : parseUrl(location, from.href)
  const next = target && parseTrackerUrl(target.href)
  if (next === undefined || !schemeOf(next).startsWith('http')) {
    throw trackerError('TRACKER_REDIRECTS', from, 'redirected to something that is not HTTP', trafficIn(answer))
  }
  next.username = ''
  next.password = ''
  return next
}

function checked(url: URL, answer: HttpAnswer): HttpAnswer {
  const { status, retryAfter } = answer
  if (status === 200) return answer
  throwExplainedFailure(url, answer.body, { ...trafficIn(answer), status })
  const retryIn = retryAfter === undefined ? {} : { retryIn: retryAfter }
  throw trackerError('TRACKER_HTTP_STATUS', url, `HTTP status ${status}`, { ...trafficIn(answer), status, ...retryIn })
}

function credentialsOf(url: URL): string | undefined {
  if (url.username === '' && url.password === '') return undefined
  return `${unescaped(url.username)}:${unescaped(url.password)}`
}

/** `%zz` in a user name is not an escape; it is meant as it stands. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function trafficIn({ bytesSent, bytesReceived }: HttpAnswer): { bytesSent: number; bytesReceived: number } {
  return { bytesSent, bytesReceived }
}
