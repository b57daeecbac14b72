// One attempt to connect: the socket, a timer and the signal race, and whoever loses is cleaned up on every way out.

import type { NetConnectOpts, Socket } from 'node:net'
import { connect } from 'node:net'
import type { DialOptions } from '@torrential/contracts'
import type { Clock, PeerAddress } from '@torrential/primitives'
import { formatAddress, InputError, PeerError, peerAddress, throwIfAborted } from '@torrential/primitives'
import type { ReadSlabs } from './read-slabs.ts'
import { SocketReader } from './socket-reader.ts'
import { ignoreError, SocketStream } from './socket-stream.ts'

/** What a dial does when its options say nothing. */
export const DIAL_DEFAULTS = {
  /** Milliseconds. A SYN is repeated after 1, 3 and 7 s: 10 s gives a lossy path three chances. */
  timeout: 10_000,
}

export interface TcpDialContext {
  readonly clock: Clock
  /** Bytes buffered in each direction of the socket. */
  readonly highWaterMark: number
  /** Where sockets read to. */
  readonly slabs: ReadSlabs
  /** Called with the socket before it connects, so that its owner can close it at any time. */
  readonly own: (socket: Socket) => void
}

const codes: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'DIAL_REFUSED',
  ETIMEDOUT: 'DIAL_TIMEOUT',
  EHOSTUNREACH: 'DIAL_UNREACHABLE',
  ENETUNREACH: 'DIAL_UNREACHABLE',
  EHOSTDOWN: 'DIAL_UNREACHABLE',
  ENETDOWN: 'DIAL_UNREACHABLE',
  EADDRNOTAVAIL: 'DIAL_UNREACHABLE',
}

/**
 * @throws PeerError `DIAL_REFUSED`, `DIAL_TIMEOUT`, `DIAL_UNREACHABLE`, `DIAL_FAILED`; the signal's reason when aborted
 * @throws InputError `ADDRESS_HOST`, `ADDRESS_PORT`, `DIAL_OPTIONS`
 */
export async function dialTcp(
  address: PeerAddress,
  options: DialOptions,
  context: TcpDialContext,
): Promise<SocketStream> {
  throwIfAborted(options)
  const timeout = checkTimeout(options)
  // Through the gate again: an address that was not made by it could hold a name, and a name would be looked up.
  const { host, port, family } = peerAddress(address.host, address.port)
  const reader = new SocketReader(context.slabs)
  const socket: Socket = connect({
    host,
    port,
    family,
    noDelay: true,
    allowHalfOpen: false,
    highWaterMark: context.highWaterMark,
    // What comes is pushed as any socket pushes it: only where it was read to is our choice.
    onread: { buffer: reader.next, callback: (count: number) => socket.push(reader.take(count)) },
    ...(options.localHost === undefined ? {} : { localAddress: peerAddress(options.localHost, 0).host }),
  } as NetConnectOpts)
  socket.on('error', ignoreError)
  socket.once('close', () => reader.close())
  context.own(socket)
  await connected(socket, address, timeout, options.signal, context.clock)
  const stream = SocketStream.over(socket)
  if (stream === undefined) throw new PeerError('DIAL_FAILED', `${formatAddress(address)} hung up at once`, { address })
  return stream
}

/** @throws InputError `DIAL_OPTIONS` unless the timeout is positive */
export function checkTimeout(options: DialOptions): number {
  const timeout = options.timeout ?? DIAL_DEFAULTS.timeout
  if (!(timeout > 0)) throw new InputError('DIAL_OPTIONS', `a timeout of ${timeout} ms is not positive`)
  return timeout
}

function connected(
  socket: Socket,
  address: PeerAddress,
  timeout: number,
  signal: AbortSignal | undefined,
  clock: Clock,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void) => {
      timer[Symbol.dispose]()
      signal?.removeEventListener('abort', onAbort)
      socket.off('connect', onConnect).off('error', onError).off('close', onClose)
      end()
    }
    const fail = (error: Error) => {
      settle(() => reject(error))
      socket.destroy()
    }
    const onConnect = () => settle(resolve)
    const onError = (error: NodeJS.ErrnoException) => fail(dialError(address, error))
    const onClose = () =>
      fail(new PeerError('TRANSPORT_CLOSED', 'the transport was closed while dialling', { address }))
    const onAbort = () => fail(signal?.reason as Error)
    const timer = clock.timer(timeout, () => {
      fail(new PeerError('DIAL_TIMEOUT', `${formatAddress(address)} did not answer in ${timeout} ms`, { address }))
    })
    socket.on('connect', onConnect).on('error', onError).on('close', onClose)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

function dialError(address: PeerAddress, cause: NodeJS.ErrnoException): PeerError {
  const code = codes[cause.code ?? ''] ?? 'DIAL_FAILED'
  return new PeerError(code, `cannot connect to ${formatAddress(address)}: ${cause.code ?? cause.message}`, {
    cause,
    address,
  })
}
