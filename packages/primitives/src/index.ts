// Identifiers and bytes
export type { InfoHash, InfoHashV2, PeerId, PeerKey, PieceIndex } from './ids.ts'
export { createPeerId, infoHashFrom, infoHashV2From, peerIdFrom, truncateInfoHash } from './ids.ts'
export {
  compareBytes,
  concatBytes,
  equalBytes,
  fromHex,
  fromLatin1,
  fromUtf8,
  readUint32,
  toHex,
  toLatin1,
  toUtf8,
  writeUint32,
} from './bytes.ts'
// Memory that comes back
export type { Slab, SlabPoolOptions } from './slab-pool.ts'
export { giveBack, keep, SlabPool, slabOf } from './slab-pool.ts'
// Collections that cost nothing while they are empty
export { LazyMap, LazySet } from './lazy-collections.ts'
// Pieces
export { Bitfield } from './bitfield.ts'
export type { BlockRef, FileExtent, FileSlice, GeometryKind, GeometryLimits, SourceFile } from './geometry.ts'
export { BLOCK_LENGTH, Geometry, GEOMETRY_LIMITS } from './geometry.ts'
// Addresses
export { parseUrl } from './parse-url.ts'
export type { AddressFamily, PeerAddress } from './address.ts'
export { compareAddresses, decodeCompact, encodeCompact, formatAddress, parseAddress, peerAddress } from './address.ts'
// Errors
export type { ErrorDetails } from './errors.ts'
export {
  assert,
  InputError,
  isTorrentialError,
  PeerError,
  SourceError,
  StorageError,
  TorrentialError,
} from './errors.ts'
// Time, chance, life
export type { Clock } from './clock.ts'
export { VirtualClock } from './virtual-clock.ts'
export type { Random } from './random.ts'
export { SeededRandom } from './random.ts'
export type { AbortOptions } from './abort.ts'
export { throwIfAborted, withAbort } from './abort.ts'
export type { Drive, Machine } from './machine.ts'
export { drive } from './machine.ts'
export { Scope } from './scope.ts'
// Events
export type { EventHubOptions } from './event-hub.ts'
export type { LaggedEvent } from './event-ring.ts'
export type { EventStream, SubscribeOptions } from './event-subscription.ts'
export { EventHub } from './event-hub.ts'
