// A bound TCP port. Accepted sockets wait in a bounded queue until somebody pulls them.
//
// Closing releases the port at once and does not wait for connections: node's own `close` event comes only after the last
// of them has ended, which for a peer may be tomorrow.

import type { Server, Socket } from 'node:net'
import { createServer } from 'node:net'
import type { ListenOptions } from '@torrential/contracts'
import type { PeerAddress } from '@torrential/primitives'
import { formatAddress, InputError, peerAddress, throwIfAborted } from '@torrential/primitives'
import { checkBacklog, QueueListener } from './queue-listener.ts'
import { ignoreError, SocketStream } from './socket-stream.ts'

export interface TcpListenContext {
  /** Bytes buffered in each direction of an accepted socket. */
  readonly highWaterMark: number
  /** Called with every accepted socket, so that its owner can close it at any time. */
  readonly own: (socket: Socket) => void
  /** Called once when the listener has begun to close. */
  readonly released: (listener: QueueListener) => void
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
): Promise<QueueListener> {
  throwIfAborted(options)
  checkBacklog(options)
  const { host, port } = peerAddress(address.host, address.port)
  const server = createServer({ noDelay: true, allowHalfOpen: false, highWaterMark: context.highWaterMark })
  await bind(server, host, port, address)
  const bound = server.address() as { readonly address: string; readonly port: number }
  const listener = new QueueListener(peerAddress(bound.address, bound.port), options, async (closed) => {
    server.close()
    context.released(closed)
    // The handle is closed now; one turn of the event loop later its callback has run as well.
    await new Promise<void>((resolve) => setImmediate(resolve))
  })
  // A failed accept (out of descriptors, say) loses that connection; the port stays open for the next.
  server.on('error', ignoreError)
  server.on('connection', (socket) => {
    socket.on('error', ignoreError)
    context.own(socket)
    const stream = SocketStream.over(socket)
    if (stream === undefined) socket.destroy()
    else listener.queue.push(stream)
  })
  if (options.signal?.aborted === true) {
    await listener[Symbol.asyncDispose]()
    throwIfAborted(options)
  }
  return listener
}

function bind(server: Server, host: string, port: number, address: PeerAddress): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const onError = (cause: NodeJS.ErrnoException) => {
      const code = codes[cause.code ?? ''] ?? 'LISTEN_FAILED'
      const message = `cannot listen on ${formatAddress(address)}: ${cause.code ?? cause.message}`
      reject(new InputError(code, message, { cause, address }))
    }
    server.once('error', onError)
    server.listen({ host, port }, () => {
      server.off('error', onError)
      resolve()
    })
  })
}
