// A bound TCP port. Accepted sockets wait in an AcceptQueue until somebody pulls them.
//
// Closing releases the port at once and does not wait for connections: node's own `close` event comes only after the last
// of them has ended, which for a peer may be tomorrow.

import type { Server, Socket } from 'node:net'
import { createServer } from 'node:net'
import type { Inbound, Listener, ListenOptions } from '@torrential/contracts'
import type { PeerAddress } from '@torrential/primitives'
import { formatAddress, InputError, peerAddress, throwIfAborted } from '@torrential/primitives'
import { AcceptQueue } from './accept-queue.ts'
import { ignoreError, SocketStream } from './socket-stream.ts'

/** What a listener does when its options say nothing. */
export const LISTEN_DEFAULTS = {
  /** Connections. As many as may be in their handshake at once; a busier port is being flooded. */
  backlog: 256,
}

export interface TcpListenContext {
  /** Bytes buffered in each direction of an accepted socket. */
  readonly highWaterMark: number
  /** Called with every accepted socket, so that its owner can close it at any time. */
  readonly own: (socket: Socket) => void
  /** Called once when the listener has begun to close. */
  readonly released: (listener: Listener) => void
}

const codes: Readonly<Record<string, string>> = {
  EADDRINUSE: 'LISTEN_IN_USE',
  EACCES: 'LISTEN_DENIED',
  EPERM: 'LISTEN_DENIED',
}

/**
 * @throws InputError `LISTEN_IN_USE`, `LISTEN_DENIED`, `LISTEN_FAILED`, `LISTEN_OPTIONS`, `ADDRESS_HOST`, `ADDRESS_PORT`;
 * the signal's reason when aborted
 */
export async function listenTcp(
  address: PeerAddress,
  options: ListenOptions,
  context: TcpListenContext,
): Promise<TcpListener> {
  throwIfAborted(options)
  const backlog = checkBacklog(options)
  const { host, port } = peerAddress(address.host, address.port)
  const server = createServer({ noDelay: true, allowHalfOpen: false, highWaterMark: context.highWaterMark })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const code = codes[cause.code ?? ''] ?? 'LISTEN_FAILED'
      const message = `cannot listen on ${formatAddress(address)}: ${cause.code ?? cause.message}`
      reject(new InputError(code, message, { cause, address }))
    })
    server.listen({ host, port }, resolve)
  })
  const listener = new TcpListener(server, backlog, options.signal, context)
  if (options.signal?.aborted === true) {
    await listener[Symbol.asyncDispose]()
    throwIfAborted(options)
  }
  return listener
}

/** @throws InputError `LISTEN_OPTIONS` unless the backlog is a positive integer */
export function checkBacklog(options: ListenOptions): number {
  const backlog = options.backlog ?? LISTEN_DEFAULTS.backlog
  if (!Number.isInteger(backlog) || backlog < 1) {
    throw new InputError('LISTEN_OPTIONS', `a backlog of ${backlog} is not a positive integer`)
  }
  return backlog
}

/** Pull connections with `for await`; leaving the loop, the signal or disposing stops listening. */
export class TcpListener implements Listener {
  readonly address: PeerAddress
  readonly #server: Server
  readonly #queue: AcceptQueue
  readonly #signal: AbortSignal | undefined
  readonly #context: TcpListenContext
  readonly #onAbort = () => void this[Symbol.asyncDispose]()
  #closing: Promise<void> | undefined

  /** `server` is bound. */
  constructor(server: Server, backlog: number, signal: AbortSignal | undefined, context: TcpListenContext) {
    const bound = server.address() as { readonly address: string; readonly port: number }
    this.address = peerAddress(bound.address, bound.port)
    this.#server = server
    this.#queue = new AcceptQueue(backlog)
    this.#signal = signal
    this.#context = context
    signal?.addEventListener('abort', this.#onAbort, { once: true })
    // A failed accept (out of descriptors, say) loses that connection; the port stays open for the next.
    server.on('error', ignoreError)
    server.on('connection', (socket) => {
      socket.on('error', ignoreError)
      context.own(socket)
      const stream = SocketStream.over(socket)
      if (stream === undefined) socket.destroy()
      else this.#queue.push(stream)
    })
  }

  [Symbol.asyncIterator](): AsyncIterator<Inbound, undefined> {
    return {
      next: () => this.#queue.next(),
      return: async () => {
        await this[Symbol.asyncDispose]()
        return { done: true, value: undefined }
      },
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#server.close()
    this.#queue.close()
    this.#context.released(this)
    // The handle is closed now; one turn of the event loop later its callback has run as well.
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
}
