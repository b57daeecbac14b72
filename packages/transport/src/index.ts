// TCP
export type { TcpTransportOptions } from './tcp-transport.ts'
export { TcpTransport } from './tcp-transport.ts'
export { DIAL_DEFAULTS } from './tcp-dial.ts'
export { LISTEN_DEFAULTS } from './queue-listener.ts'
// In memory
export type { MemoryNetworkOptions, MemoryTransportOptions, Reachability } from './memory-network.ts'
export { MemoryNetwork } from './memory-network.ts'
export type { MemoryHostOptions } from './memory-transport.ts'
export { MemoryTransport } from './memory-transport.ts'
// Rate limits
export type { ByteLimit, TokenBucketOptions } from './token-bucket.ts'
export { TokenBucket } from './token-bucket.ts'
export { RateLimit } from './rate-limit.ts'
