/** What LaTeX commands and bare words mean inside an answer: the tables behind the tokens. */
import type { Token } from './tokens.js';

/** Commands that only change how things look: dropped. */
export const INVISIBLE_COMMANDS: ReadonlySet<string> = new Set(
  (
    'quad qquad enspace enskip thinspace medspace thickspace negthinspace left right middle big Big bigg Bigg bigl bigr ' +
    'Bigl Bigr biggl biggr Biggl Biggr displaystyle textstyle scriptstyle bf rm it sf tt bfseries boldmath normalsize ' +
    'small large Large LARGE huge Huge boxed fbox mathbf mathit mathsf mathtt mathnormal bm pmb boldsymbol underline ' +
    'limits nolimits relax null strut mathstrut nobreak allowbreak pounds euro textdollar degree'
  ).split(' '),
);

/** Commands whose argument is text: letters in it are words, not variables. */
export const TEXT_COMMANDS: ReadonlySet<string> = new Set(
  (
    'text textbf textit textrm textnormal textsf texttt textup textmd textsc mathrm mbox hbox emph operatorname ' +
    'unit si'
  ).split(' '),
);

/** Commands that are dropped together with their first argument; what follows stays. */
export const COMMANDS_WITHOUT_VALUE: ReadonlySet<string> = new Set(
  'phantom hphantom vphantom hspace vspace label tag color textcolor colorbox'.split(' '),
);

/** What may be computed, by the names it goes by. */
export const FUNCTIONS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    frac: 'fraction',
    dfrac: 'fraction',
    tfrac: 'fraction',
    cfrac: 'fraction',
    binom: 'binomial',
    dbinom: 'binomial',
    tbinom: 'binomial',
    sqrt: 'root',
    radical: 'squareRoot',
    cuberoot: 'cubeRoot',
    gcd: 'gcd',
    lcm: 'lcm',
    max: 'max',
    min: 'min',
    floor: 'floor',
    ceil: 'ceil',
    abs: 'abs',
  }),
);

/** The functions that are recognised without a backslash, as `gcd(84, 126)`. */
export const PLAIN_FUNCTIONS: ReadonlySet<string> = new Set(
  'sqrt binom gcd lcm max min floor ceil abs'.split(' '),
);

/** How a relation ties what stands on its sides. */
export const RELATIONS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    approx: 'approximately',
    thickapprox: 'approximately',
    simeq: 'approximately',
    cong: 'approximately',
    equiv: 'congruent',
    in: 'equal',
    coloneqq: 'equal',
    implies: 'follows',
    Rightarrow: 'follows',
    Longrightarrow: 'follows',
    therefore: 'follows',
  }),
);

/** Operators that are commands, in ASCII. */
export const OPERATORS: ReadonlyMap<string, string> = new Map(
  Object.entries({ cdot: '*', times: '*', ast: '*', div: '/' }),
);

/** Bracket commands: which side and which pair. */
export const BRACKETS: ReadonlyMap<string, readonly ['open' | 'close', string]> = new Map(
  Object.entries<readonly ['open' | 'close', string]>({
    '{': ['open', 'set'],
    '}': ['close', 'set'],
    lbrace: ['open', 'set'],
    rbrace: ['close', 'set'],
    lbrack: ['open', '['],
    rbrack: ['close', '['],
    lparen: ['open', '('],
    rparen: ['close', '('],
    lfloor: ['open', 'floor'],
    rfloor: ['close', 'floor'],
    lceil: ['open', 'ceil'],
    rceil: ['close', 'ceil'],
    lvert: ['open', 'abs'],
    rvert: ['close', 'abs'],
  }),
);

/** Placeholders, which hold no value. */
export const FILLERS: ReadonlySet<string> = new Set(
  'ldots dots cdots dotsc dotsb square Box underscore'.split(' '),
);

/** Commands after which the content is no single number, whatever else stands there. */
export const REFUSED_COMMANDS: ReadonlySet<string> = new Set(
  'ne neq le leq leqslant ge geq geqslant lt gt ll gg pm mp cup cap lor land vee wedge to mid propto sim'.split(
    ' ',
  ),
);

/** What these commands are in a free answer; in one that must be an integer they are refused. */
export const FREE_COMMANDS: ReadonlyMap<string, readonly [Token['kind'], string]> = new Map(
  Object.entries<readonly [Token['kind'], string]>({
    pm: ['operator', '±'],
    mp: ['operator', '∓'],
    cup: ['union', 'cup'],
    lor: ['words', 'or'],
    vee: ['words', 'or'],
    land: ['words', 'and'],
    wedge: ['words', 'and'],
    lt: ['relation', 'less'],
    gt: ['relation', 'greater'],
    le: ['relation', 'atMost'],
    leq: ['relation', 'atMost'],
    leqslant: ['relation', 'atMost'],
    ge: ['relation', 'atLeast'],
    geq: ['relation', 'atLeast'],
    geqslant: ['relation', 'atLeast'],
  }),
);

/** Words that join the members of a free answer, recognised outside of a text command as well. */
export const JOINING_WORDS: ReadonlySet<string> = new Set(['or', 'and']);

/** Greek letters and the like: variables of a free answer, by the name without its backslash. */
export const NAMED_VARIABLES: ReadonlySet<string> = new Set(
  (
    'alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi rho sigma tau upsilon ' +
    'phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega pi ell hbar'
  ).split(' '),
);

/** Functions of a free answer that take what follows them, with or without parentheses. */
export const PREFIX_FUNCTIONS: ReadonlySet<string> = new Set(
  'sin cos tan cot sec csc arcsin arccos arctan arccot sinh cosh tanh ln log lg exp arg det rank deg dim'.split(
    ' ',
  ),
);

/** Words before the value of a free answer that say nothing about it; other words there are part of the answer. */
export const LABEL_WORDS: ReadonlySet<string> = new Set(
  (
    'the final answer result value total is are equals area volume length perimeter sum number of ways probability ' +
    'maximum minimum smallest largest least greatest'
  ).split(' '),
);

/** Words that stand where an answer should. */
export const PLACEHOLDER_WORDS: ReadonlySet<string> = new Set(
  'the your my final answer here result value number insert placeholder text'.split(' '),
);

/** Words that make something else of the number beside them; all other words at an end are labels or units. */
export const REFUSED_WORDS: ReadonlySet<string> = new Set(
  (
    'or and not no none never neither nor either both to between less fewer more greater than least most under over ' +
    'above below about approximately around nearly if unless except hundred hundreds thousand thousands million ' +
    'millions billion billions trillion dozen score half third thirds quarter quarters undefined infinite impossible ' +
    'unknown plus minus times'
  ).split(' '),
);

/** Words that are recognised outside of a text command as well; other letters there are variables. */
export const BARE_WORDS: ReadonlySet<string> = new Set(
  (
    'the The final Final answer Answer ANSWER result Result value Value total Total is are equals ' +
    'mm cm km kg mg ml mL kJ kW Hz in ft yd mi lb oz sec hr hrs inch inches foot feet yard yards mile miles ' +
    'meter meters metre metres centimeter centimeters centimetre centimetres kilometer kilometers kilometre kilometres ' +
    'gram grams kilogram kilograms liter liters litre litres second seconds minute minutes hour hours day days week ' +
    'weeks month months year years mph kph square cubic sq cu unit units deg degree degrees rad radians percent ' +
    'dollar dollars cent cents euro euros point points way ways coin coins person people student students'
  ).split(' '),
);
