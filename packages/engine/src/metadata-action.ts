// What a metadata fetch wants done.

import type { PeerAddress, PeerError, PeerKey } from '@torrential/primitives'
import type { Message } from '@torrential/protocol'

export type MetadataAction =
  | { readonly type: 'send'; readonly peer: PeerKey; readonly message: Message }
  /** End the connection; answer with `disconnected`. */
  | { readonly type: 'close'; readonly peer: PeerKey; readonly error: PeerError }
  /** Proven to have sent wrong metadata: not to be connected to again. It may be gone already. */
  | { readonly type: 'ban'; readonly peer: PeerKey; readonly address: PeerAddress }
  /** The info dictionary, byte for byte, verified. Comes once, and nothing comes after it. */
  | { readonly type: 'metadata'; readonly bytes: Uint8Array }
