// Contests
export type { Contest, Contestant, Result, Round } from './contest.ts'
export { runContest } from './contest.ts'
// Measuring
export type { Command, MeasureOptions, Measurement } from './measured-run.ts'
export { measure, parseFigures, timeAvailable } from './measured-run.ts'
export type { Usage } from './process-usage.ts'
export { parseUsage, usageOf } from './process-usage.ts'
export { OthersWatch } from './others-watch.ts'
export type { Machine } from './machine.ts'
export { BUSY_THRESHOLD, describeMachine, requireSpace } from './machine.ts'
// Figures
export type { Summary } from './statistics.ts'
export { rotated, spread, summarize } from './statistics.ts'
export type { Row } from './table.ts'
export { formatTable, mostDisturbed, rowsOf } from './table.ts'
// The command
export { main } from './main.ts'
export { parseSize } from './parse-size.ts'
