// Bytes between peers
export type { ByteDuplex, ByteStream } from './byte-stream.ts'
export type { DialOptions, Inbound, ListenOptions, Listener, Transport } from './transport.ts'
// Pieces on disk
export type { ReadOptions, ReadTarget, Storage } from './storage.ts'
export type { HashMethod, PieceHash, PieceHasher, PieceVerifier, RunningHash } from './piece-verifier.ts'
// Peers from outside
export type { PeerCandidate, PeerOrigin, PeerSource, PeerSourceOptions } from './peer-source.ts'
