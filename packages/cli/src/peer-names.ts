// Names of peers into addresses, through the system's resolver (so that /etc/hosts counts).

import { lookup } from 'node:dns/promises'
import { type AbortOptions, InputError, type PeerAddress, peerAddress, withAbort } from '@torrential/primitives'
import type { PeerTarget } from './option-values.ts'

/** Name → addresses; the system's unless a test brings its own. */
export type NameLookup = (name: string) => Promise<readonly { readonly address: string }[]>

const systemLookup: NameLookup = (name) => lookup(name, { all: true })

/**
 * Every address of every target, in order, IP literals as they are.
 * @throws InputError `PEER_UNRESOLVED` when a name has no address
 */
export async function resolvePeers(
  targets: readonly PeerTarget[],
  options: AbortOptions & { readonly lookup?: NameLookup } = {},
): Promise<PeerAddress[]> {
  const found = await Promise.all(targets.map((target) => resolvePeer(target, options)))
  return found.flat()
}

async function resolvePeer(
  { host, port }: PeerTarget,
  options: AbortOptions & { readonly lookup?: NameLookup },
): Promise<PeerAddress[]> {
  if (host.includes(':') || /^[0-9.]+$/.test(host)) return [peerAddress(host, port)]
  let found: readonly { readonly address: string }[]
  try {
    found = await withAbort((options.lookup ?? systemLookup)(host), options.signal)
  } catch (cause) {
    options.signal?.throwIfAborted()
    throw new InputError('PEER_UNRESOLVED', `--peer ${host}:${port}: the name has no address`, { host, cause })
  }
  return found.map(({ address }) => peerAddress(address, port))
}
