// One input that strangers write
export type { Surface, Verdict } from './surface.ts'
export { Finding } from './surface.ts'
export { SURFACES } from './surfaces/index.ts'
// Trying inputs
export { Dice } from './dice.ts'
export { mutateBytes } from './byte-mutator.ts'
export type { Campaign, CampaignOptions, Caught } from './campaign.ts'
export { runCampaign } from './campaign.ts'
export { judgeOne } from './judge-one.ts'
export { shrink } from './shrink.ts'
export { readCorpus } from './corpus.ts'
// Recorded streams
export type { Recording } from './recordings.ts'
export { readRecordings } from './recordings.ts'
