/** A parameter as a flag: `finetune.epochs` is `--finetune-epochs`, `heldOut` is `--held-out`. */
export function flagOf(parameter: string): string {
  const words = parameter.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return `--${words.replaceAll('.', '-')}`;
}
