// What a peer is told by whoever joins a swarm without knowing what there is to have.

import { encodeExtensionHandshake, type Message } from '@torrential/protocol'
import { METADATA_EXTENSION } from './extension-ids.ts'
import { DEFAULTS } from './options.ts'
import type { PeerInfo } from './peer.ts'

export interface GreetingOptions {
  /** Announced as `v` (BEP 10). @default the engine's */
  readonly client?: string
  /** Announced as `p` (BEP 10); 0 announces none. @default 0 */
  readonly listenPort?: number
}

/** The messages that tell a peer that we have nothing, and what we speak. */
export function emptyGreeting({ capabilities, address }: PeerInfo, options: GreetingOptions): Message[] {
  const { client = DEFAULTS.client, listenPort = 0 } = options
  // BEP 6 wants one of bitfield, have-all and have-none first.
  const messages: Message[] = capabilities.fast ? [{ type: 'have-none' }] : []
  if (!capabilities.extensions) return messages
  const payload = encodeExtensionHandshake({
    extensions: new Map([METADATA_EXTENSION]),
    client,
    requestQueue: DEFAULTS.requestQueue,
    yourHost: address.host,
    ...(listenPort > 0 && { listenPort }),
  })
  messages.push({ type: 'extended', id: 0, payload })
  return messages
}
