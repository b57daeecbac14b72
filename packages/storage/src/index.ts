// Files on disk
export type { FileStorageOptions, FileStorageParts, StoredFile } from './file-storage.ts'
export { FileStorage } from './file-storage.ts'
export type { AdoptMethod } from './adopt-file.ts'
export type { StoredFileStatus } from './torrent-files.ts'
export type { StorageObserver } from './storage-observer.ts'
export type { HandleOwner, HandlePoolOptions, HandleRequest, PooledHandle } from './handle-pool.ts'
export { HandlePool } from './handle-pool.ts'
export type { FileAccess, FileStat, FileSystem, OpenFile } from './file-system.ts'
export { nodeFileSystem } from './file-system.ts'
// Memory
export type { MemoryStorageParts } from './memory-storage.ts'
export { MemoryStorage } from './memory-storage.ts'
// Middleware
export type { CachedStorage, CacheOptions, CacheStatistics } from './cached.ts'
export { cached } from './cached.ts'
export type { Fault, FaultPlan, StorageCall } from './faulty.ts'
export { faulty } from './faulty.ts'
export type { CallTimings, StorageTimings, TimedStorage } from './timed.ts'
export { timed } from './timed.ts'
// Where pieces lie
export type { PieceExtent, PieceLayout, PieceSurvey } from './piece-extent.ts'
export { allPieces } from './piece-extent.ts'
// Checking
export type { CheckPiecesParts, PieceVerdict } from './check-pieces.ts'
export { checkPieces } from './check-pieces.ts'
export type { FilePieceHasherOptions, FilePieceHasherParts } from './file-piece-hasher.ts'
export { FilePieceHasher } from './file-piece-hasher.ts'
export type { HashBatch, HashedBatch, HashPlan } from './hash-batch.ts'
export type { HashCancel, HashPoolOptions } from './hash-pool.ts'
export { HashPool } from './hash-pool.ts'
// Creating
export type { CreateOptions, CreationProgress, TorrentCreation } from './create-torrent.ts'
export { createTorrent } from './create-torrent.ts'
