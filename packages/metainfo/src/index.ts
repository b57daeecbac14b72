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
export { parseInfo, parseTorrent, withPieceLayers } from './parse-torrent.ts'
// Checking pieces
export { createVerifier } from './verifier.ts'
export type { DigestPlan } from './digest-plan.ts'
export { digestPlan, expectedDigest, merkleLeafCounts } from './digest-plan.ts'
export type { BlockHashRequest, BlockVerdict } from './block-verifier.ts'
export { BlockVerifier } from './block-verifier.ts'
// Merkle trees
export { HASH_LENGTH, merkleRoot, MerkleHasher, paddingHash } from './merkle.ts'
export { MerkleTree } from './merkle-tree.ts'
export type { HashLookup, HashRange, PlacedHash } from './merkle-proof.ts'
export { climbProof, proofHashes, proveRange, verifyHashes } from './merkle-proof.ts'
export type { TreeFile, TreeSource } from './file-trees.ts'
export { FileTrees, layerRanges, MOST_HASHES } from './file-trees.ts'
// Files in common (BEP 38)
export type { SharedFile } from './shared-files.ts'
export { areRelated, sharedFiles } from './shared-files.ts'
// Writing
export type { TorrentFields, TorrentInput, TorrentInputFile } from './torrent-input.ts'
export { buildTorrent } from './build-torrent.ts'
export type { ArrangeableFile, ArrangedFile } from './arrange-files.ts'
export { arrangeFiles } from './arrange-files.ts'
export { choosePieceLength } from './piece-length.ts'
export type { EditOptions, TorrentChanges } from './edit-torrent.ts'
export { editTorrent } from './edit-torrent.ts'
// Paths
export type { SafePathOptions } from './safe-path.ts'
export { SafePaths } from './safe-path.ts'
export { safeName } from './safe-name.ts'
export { conflictingPath, isSafePath } from './new-path.ts'
// Magnet links
export type { FileRange, Magnet, MagnetLimits, MagnetParts, NamedPeer } from './magnet.ts'
export { MAGNET_LIMITS } from './magnet.ts'
export { formatMagnet } from './format-magnet.ts'
export { parseMagnet } from './parse-magnet.ts'
