// Options that every command with a session shares, as the command line gives them, and the session they make.

import type { PeerAddress } from '@torrential/primitives'
import { createSession, type Session } from '@torrential/session'
import type { CliContext } from './cli-context.ts'
import type { PeerTarget } from './option-values.ts'
import { resolvePeers } from './peer-names.ts'

export interface ConnectionOptions {
  /** Peers to connect to, besides those that trackers name. */
  readonly peer: readonly PeerTarget[]
  /** 0 takes any free one. @default 6881 … 6889, then any free one */
  readonly port?: number
  /** IP address to listen on. @default all */
  readonly host?: string
  /** False: nothing is announced. */
  readonly trackers: boolean
  /** True: torrents may ask anything of trackers in the own network. @default announces only */
  readonly anyLocalTracker?: boolean
  /** Bytes per second. */
  readonly maxDown?: number
}

/** Options of the commands that stay in a swarm. */
export interface SwarmOptions extends ConnectionOptions {
  /** Bytes per second. */
  readonly maxUp?: number
  /** Folder for resume records. @default the platform's folder for state */
  readonly state?: string
  /** JSON lines instead of text. */
  readonly json?: boolean
}

/** A session as the options want it, and the addresses of `--peer`. */
export interface OpenedSession {
  readonly session: Session
  readonly peers: readonly PeerAddress[]
}

/**
 * `state` is the folder for resume records; undefined keeps none.
 * @throws InputError `PEER_UNRESOLVED`, `LISTEN_…`
 */
export async function openSession(
  options: ConnectionOptions & Pick<SwarmOptions, 'maxUp'>,
  state: string | undefined,
  context: CliContext,
): Promise<OpenedSession> {
  const peers = await resolvePeers(options.peer, { signal: context.signal })
  const { port, host, maxDown, maxUp } = options
  const session = await createSession({
    ...(port !== undefined && { port }),
    ...(host !== undefined && { host }),
    ...(maxDown !== undefined && { maxDown }),
    ...(maxUp !== undefined && { maxUp }),
    ...(state !== undefined && { state }),
    trackers: options.trackers,
    ...(options.anyLocalTracker === true && { trackerGuard: false as const }),
  })
  return { session, peers }
}
