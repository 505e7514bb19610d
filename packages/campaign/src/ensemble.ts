/** What joins the members' names in that of an ensemble: model names hold it in brackets alone, as in `int8[rate=1e+30]`. */
const JOINT = '+';
const OUTSIDE_BRACKETS = /\+(?![^[]*\])/;

/** The name of an ensemble of surrogates: `int8+stranger`. */
export function ensembleName(members: readonly string[]): string {
  return members.join(JOINT);
}

/** The models that a surrogate consists of: one, or the members of an ensemble. */
export function membersOf(surrogate: string): readonly string[] {
  return surrogate.split(OUTSIDE_BRACKETS);
}
