// The machine
export type { EngineParts } from './swarm.ts'
export type { PeerInfo } from './peer.ts'
export { SwarmEngine } from './swarm-engine.ts'
export type { Action, EngineEvent, Upload } from './action.ts'
// What one machine leaves to the next
export type { HeldBlock, HeldPiece, HeldRange, OpenPiece } from './carry-over.ts'
// Hashes (BEP 52)
export type { LayerAction } from './layer-fetch.ts'
export { LayerFetch } from './layer-fetch.ts'
// Metadata (BEP 9)
export type { MetadataAction } from './metadata-action.ts'
export type { MetadataFetchOptions, MetadataFetchParts } from './metadata-fetch.ts'
export { MetadataFetch } from './metadata-fetch.ts'
export type { MetadataHashes } from './metadata-hash.ts'
export { EXTENSION_IDS } from './extension-ids.ts'
// Set-up
export type { EngineOptions, ResolvedOptions, SeedChoking } from './options.ts'
export { DEFAULTS } from './options.ts'
export { DownloadCredit } from './download-credit.ts'
// Views
export type { EngineStats, PeerSnapshot } from './snapshot.ts'
export type { PieceRange, ReadWindow } from './read-windows.ts'
