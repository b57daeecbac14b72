// One HTTP exchange, no redirects: bounded in time, in silence and in size, over a connection of its own.
//
// Built on node:http rather than fetch, because three things must hold that fetch does not offer: the connection goes to the
// very address that the guard saw (`lookup` is pinned), it can leave from a chosen local address, and the path is sent byte
// for byte. No keep-alive: announces are half an hour apart, an idle socket would only be one more thing to leak.

import http from 'node:http'
import https from 'node:https'
import type { Clock, SourceError } from '@torrential/primitives'
import { inflateBody } from './http-inflate.ts'
import type { ResolvedHost } from './tracker-client.ts'
import { trackerError, type TrackerErrorCode } from './tracker-error.ts'
import { hostOf } from './tracker-url.ts'

/** Milliseconds of silence, connecting included, after which a tracker counts as gone. */
export const RECEIVE_TIMEOUT = 10_000
/** Bytes of a reply, before and after inflating. */
export const MAX_REPLY = 1_048_576

export interface HttpGetOptions {
  readonly clock: Clock
  readonly userAgent: string
  readonly localHost?: string | undefined
  /** Certificates to trust instead of Node's own list. */
  readonly ca?: string | Uint8Array | undefined
  /** `user:password` for the Authorization header. */
  readonly auth?: string | undefined
  /** Ends the exchange; the promise rejects with its reason. */
  readonly signal: AbortSignal
}

export interface HttpAnswer {
  readonly status: number
  readonly location: string | undefined
  /** Milliseconds of a Retry-After header in its numeric form. */
  readonly retryAfter: number | undefined
  /** Inflated. */
  readonly body: Uint8Array
  /** Bytes on the connection, heads included. */
  readonly bytesSent: number
  readonly bytesReceived: number
}

/**
 * @param path path and query, sent as they are
 * @throws SourceError `TRACKER_UNREACHABLE`, `TRACKER_TLS`, `TRACKER_TIMEOUT`, `TRACKER_TOO_LARGE`, `TRACKER_REPLY`
 */
export async function httpGet(
  url: URL,
  path: string,
  address: ResolvedHost,
  options: HttpGetOptions,
): Promise<HttpAnswer> {
  const { head, body, ...traffic } = await exchange(url, path, address, options)
  const details = { ...traffic, status: head.statusCode }
  return {
    status: head.statusCode ?? 0,
    location: head.headers.location,
    retryAfter: secondsOf(head.headers['retry-after']),
    body: await inflateBody(url, body, head.headers['content-encoding'], MAX_REPLY, details),
    ...traffic,
  }
}

interface RawAnswer {
  readonly head: http.IncomingMessage
  readonly body: Uint8Array
  readonly bytesSent: number
  readonly bytesReceived: number
}

function exchange(url: URL, path: string, address: ResolvedHost, options: HttpGetOptions): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const { signal } = options
    if (signal.aborted) return reject(signal.reason as Error)
    const request = open(url, path, address, options)
    const traffic = () => ({
      bytesSent: request.socket?.bytesWritten ?? 0,
      bytesReceived: request.socket?.bytesRead ?? 0,
    })
    const stop = (error: unknown) => {
      silence[Symbol.dispose]()
      signal.removeEventListener('abort', onAbort)
      request.destroy()
      reject(error)
    }
    const fail = (code: TrackerErrorCode, message: string, cause?: unknown) =>
      stop(trackerError(code, url, message, { ...traffic(), ...(cause !== undefined && { cause }) }))
    const onAbort = () => stop(signal.reason)
    const onSilence = () => fail('TRACKER_TIMEOUT', `silent for ${RECEIVE_TIMEOUT} ms`)
    let silence = options.clock.timer(RECEIVE_TIMEOUT, onSilence)
    const heard = () => {
      silence[Symbol.dispose]()
      silence = options.clock.timer(RECEIVE_TIMEOUT, onSilence)
    }
    signal.addEventListener('abort', onAbort, { once: true })

    // 'error' may come again after the promise is settled (destroying a half-open TLS socket): it must always have a listener.
    request.on('error', (error: NodeJS.ErrnoException) => stop(requestError(url, error, traffic())))
    request.once('response', (head) => {
      heard()
      const chunks: Uint8Array[] = []
      let length = 0
      head.on('data', (bytes: Uint8Array) => {
        heard()
        length += bytes.length
        if (length > MAX_REPLY) fail('TRACKER_TOO_LARGE', `the reply has more than ${MAX_REPLY} bytes`)
        else chunks.push(bytes)
      })
      head.on('error', (error) => fail('TRACKER_REPLY', 'closed in the middle of its reply', error))
      head.once('end', () => {
        silence[Symbol.dispose]()
        signal.removeEventListener('abort', onAbort)
        resolve({ head, body: Buffer.concat(chunks, length), ...traffic() })
        request.destroy()
      })
    })
    request.end()
  })
}

function open(url: URL, path: string, address: ResolvedHost, options: HttpGetOptions): http.ClientRequest {
  const { auth, localHost, ca } = options
  return (url.protocol === 'https:' ? https : http).request({
    host: hostOf(url),
    ...(url.port !== '' && { port: url.port }),
    path,
    method: 'GET',
    agent: false,
    family: address.family,
    lookup: (_name, { all }, callback) => {
      if (all === true) callback(null, [{ address: address.host, family: address.family }])
      else callback(null, address.host, address.family)
    },
    headers: {
      'User-Agent': options.userAgent,
      'Accept-Encoding': 'gzip, deflate',
      Accept: '*/*',
      Connection: 'close',
    },
    rejectUnauthorized: true,
    ...(auth !== undefined && { auth }),
    ...(localHost !== undefined && { localAddress: localHost }),
    ...(ca !== undefined && { ca: typeof ca === 'string' ? ca : Buffer.from(ca) }),
  })
}

/** Node's error codes in this package's words. */
function requestError(url: URL, error: NodeJS.ErrnoException, traffic: object): SourceError {
  const code = error.code ?? ''
  const details = { cause: error, ...traffic }
  if (code === 'HPE_HEADER_OVERFLOW') return trackerError('TRACKER_TOO_LARGE', url, 'oversized reply head', details)
  if (code.startsWith('HPE_')) return trackerError('TRACKER_REPLY', url, 'the reply is not HTTP', details)
  if (/CERT|SIGNATURE|ALTNAME|SSL|TLS|EPROTO/.test(code)) {
    return trackerError('TRACKER_TLS', url, `no secure connection (${code})`, details)
  }
  return trackerError('TRACKER_UNREACHABLE', url, `connection failed (${code || error.message})`, details)
}

/** Longer waits than six hours are somebody's mistake: the announcer clamps. */
function secondsOf(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,9}$/.test(header) ? Number(header) * 1000 : undefined
}
