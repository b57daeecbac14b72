// What the HTTP and the UDP front have in common: the store, the settings, the counters and the events.

import {
  type EventHub,
  type InfoHash,
  peerAddress,
  type PeerAddress,
  toHex,
  type TorrentialError,
} from '@torrential/primitives'
import type { AllowContext, ServerSettings } from './server-options.ts'
import type { Swarm, SwarmPeer } from './swarm.ts'
import type { SwarmEvent, SwarmStore } from './swarm-store.ts'

export type TrackerServerEvent =
  | {
      /** One announce that was accepted. Opt-in: name it in `types`. */
      readonly type: 'announce'
      /** 40 hexadecimal digits. */
      readonly infoHash: string
      readonly address: PeerAddress
      readonly event: SwarmEvent
      readonly seed: boolean
    }
  /** A socket of the tracker failed, or `allow` threw; the tracker goes on. */
  | { readonly type: 'error'; readonly error: TorrentialError }
  | { readonly type: 'closed' }

/** Counters of one front. */
export interface FrontCounters {
  announces: number
  scrapes: number
  refused: number
}

export interface TrackerCore {
  readonly store: SwarmStore
  readonly settings: ServerSettings
  readonly hub: EventHub<TrackerServerEvent>
}

/** True when the operator has nothing against it. */
export function isAllowed({ settings }: TrackerCore, infoHash: Uint8Array, context: AllowContext): boolean {
  return settings.allow === undefined || settings.allow(infoHash as InfoHash, context)
}

/** Records an announce; see `SwarmStore.announce`. */
export function record(
  core: TrackerCore,
  infoHash: Uint8Array,
  peer: SwarmPeer,
  event: SwarmEvent,
): Swarm | 'empty' | 'full' {
  const swarm = core.store.announce(infoHash, peer, event)
  if (swarm !== 'full' && core.hub.wants('announce')) {
    core.hub.emit({
      type: 'announce',
      infoHash: toHex(infoHash),
      address: addressOf(peer.key),
      event,
      seed: peer.seed,
    })
  }
  return swarm
}

/** Compact address of a peer: the bytes of its host and its port. */
export function compactKey(address: Uint8Array, port: number): Uint8Array {
  const key = new Uint8Array(address.length + 2)
  key.set(address)
  key[address.length] = port >>> 8
  key[address.length + 1] = port
  return key
}

/** The address of a compact key. */
export function addressOf(key: Uint8Array): PeerAddress {
  const port = ((key[key.length - 2] as number) << 8) | (key[key.length - 1] as number)
  return peerAddress(hostOf(key), port)
}

/** IP literal, not shortened for IPv6, of a compact key. */
export function hostOf(key: Uint8Array): string {
  if (key.length === 6) return `${key[0]}.${key[1]}.${key[2]}.${key[3]}`
  const groups: string[] = []
  for (let i = 0; i < 16; i += 2) groups.push((((key[i] as number) << 8) | (key[i + 1] as number)).toString(16))
  return groups.join(':')
}
