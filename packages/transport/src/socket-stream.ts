// A `net.Socket` as a ByteStream. The duplex *is* the socket: nothing is wrapped, so a read costs what the socket costs.
//
// Invariant: a socket in here always has an `error` listener, so a reset that arrives before anybody listens ends the
// connection and never the process. Whoever uses the stream adds its own listener and sees the system's error as it came.

import type { Socket } from 'node:net'
import type { ByteStream } from '@torrential/contracts'
import type { PeerAddress } from '@torrential/primitives'
import { peerAddress } from '@torrential/primitives'

/** An open TCP connection. Disposing destroys the socket and resolves once the operating system has it back. */
export class SocketStream implements ByteStream {
  readonly duplex: Socket
  readonly remote: PeerAddress
  readonly local: PeerAddress
  readonly via = 'tcp'
  /** A socket drains when the system has taken everything. */
  readonly forgetsOnDrain = true

  /** `socket` is connected, and its `error` events have been listened to since it was made. */
  private constructor(socket: Socket, remote: PeerAddress, local: PeerAddress) {
    this.duplex = socket
    this.remote = remote
    this.local = local
  }

  /** The stream over a connected socket, or `undefined` when the other end is gone already. */
  static over(socket: Socket): SocketStream | undefined {
    const { remoteAddress, remotePort, localAddress, localPort } = socket
    // A reset between accept and here leaves a socket without addresses.
    if (socket.destroyed || remoteAddress === undefined || remotePort === undefined) return undefined
    if (localAddress === undefined || localPort === undefined) return undefined
    return new SocketStream(socket, peerAddress(remoteAddress, remotePort), peerAddress(localAddress, localPort))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return new Promise((resolve) => {
      if (this.duplex.closed) {
        resolve()
        return
      }
      this.duplex.once('close', () => resolve())
      this.duplex.destroy()
    })
  }
}

/** For `error` events that somebody else also listens to, or that nobody needs: the `close` that follows says enough. */
export function ignoreError(): void {}
