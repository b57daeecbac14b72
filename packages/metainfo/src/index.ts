// Reading
export type {
  DhtNode,
  Metainfo,
  MetainfoFile,
  MetainfoLimits,
  MetainfoVersion,
  ParseOptions,
  PathRules,
} from './metainfo.ts'
export { METAINFO_LIMITS } from './metainfo.ts'
export type { InfoExtras } from './parse-torrent.ts'
export { parseInfo, parseTorrent } from './parse-torrent.ts'
// Checking pieces
export { createVerifier } from './verifier.ts'
export type { DigestPlan } from './digest-plan.ts'
export { digestPlan, expectedDigest } from './digest-plan.ts'
export { HASH_LENGTH, merkleRoot, MerkleHasher, paddingHash } from './merkle.ts'
// Writing
export type { TorrentInput, TorrentInputFile } from './build-torrent.ts'
export { buildTorrent } from './build-torrent.ts'
export { choosePieceLength } from './piece-length.ts'
// Paths
export type { SafePathOptions } from './safe-path.ts'
export { SafePaths } from './safe-path.ts'
export { safeName } from './safe-name.ts'
// Magnet links
export type { FileRange, Magnet, MagnetLimits, MagnetParts, NamedPeer } from './magnet.ts'
export { MAGNET_LIMITS } from './magnet.ts'
export { formatMagnet } from './format-magnet.ts'
export { parseMagnet } from './parse-magnet.ts'
