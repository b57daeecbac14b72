// Other programs
export type { Counterpart, Limits, PeerOptions, PeerStatus, RunningPeer } from './counterpart.ts'
export { aria2 } from './aria2.ts'
export { findLibtorrentPython, libtorrent, LIBTORRENT_DRIVER } from './libtorrent.ts'
export { transmission, transmission4 } from './transmission.ts'
export { torrential } from './torrential.ts'
export { webtorrent, WEBTORRENT_DRIVER, webtorrentInstalled } from './webtorrent.ts'
export { CorruptSeed } from './corrupt-seed.ts'
// Trackers
export type { RunningTracker } from './opentracker.ts'
export { opentracker, startOpentracker } from './opentracker.ts'
export { FixedTracker } from './fixed-tracker.ts'
// What is missing here
export type { Needed } from './availability.ts'
export { missingPrograms } from './availability.ts'
// Payloads and their torrents
export type { CompareOptions, Payload, PayloadFile } from './payload.ts'
export { comparePayload, payloadContent, payloadFiles, payloadLength, writePayload } from './payload.ts'
export type { MadeTorrent } from './torrent-file.ts'
export { makeTorrent } from './torrent-file.ts'
// Running things
export { LineDriver } from './line-driver.ts'
export type { GroundOptions } from './ground.ts'
export { Ground } from './ground.ts'
export { NetworkNamespace } from './network-namespace.ts'
export type { ProgramOptions } from './program.ts'
export { findProgram, Program } from './program.ts'
export { freePort } from './free-port.ts'
export type { UntilOptions } from './deadline.ts'
export { until } from './deadline.ts'
// Trials
export type { KillReport, KillTrialOptions, KillTrialReport } from './kill-trial.ts'
export { killTrial } from './kill-trial.ts'
