// TCP
export type { TcpTransportOptions } from './tcp-transport.ts'
export { TcpTransport } from './tcp-transport.ts'
export { DIAL_DEFAULTS } from './tcp-dial.ts'
export { LISTEN_DEFAULTS } from './tcp-listener.ts'
// Rate limits
export type { ByteLimit, TokenBucketOptions } from './token-bucket.ts'
export { TokenBucket } from './token-bucket.ts'
export { RateLimit } from './rate-limit.ts'
