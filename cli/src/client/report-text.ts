import type { Report, TerminalStyle } from '@unpair/campaign';
import { outcomeLines, renderVerdict } from '@unpair/campaign';

/**
 * What a run prints of its report: the verdict, how its tasks ended, and where the rest is.
 * @param rest the command that shows all figures
 */
export function reportText(report: Report, style: TerminalStyle, rest: string): string {
  return [renderVerdict(report, style), ...outcomeLines(report), `every figure: ${rest}`].join('\n');
}
