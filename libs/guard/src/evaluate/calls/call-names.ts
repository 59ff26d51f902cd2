import { ORM_WRITES } from '../typeorm/orm-verbs.js';

/** Names of functions that act, also as a part of a longer name: `findOrCreate`, `fetchAndSave`. */
const ACTION = /^(?:run|exec|execute|query|up|sync|apply|perform|process|fill)$/;

const ACTION_PART =
  /(?:insert|update|upsert|delete|save|seed|migrat|populate|truncate|purge|back_?fill|repair|OrCreate|AndSet)/i;

/** A second verb: `checkAndRepair`, `readThenDelete`. */
const SECOND_VERB = /(?:And|Then|Or(?!Null|Undefined|Fail|Throw))(?=[A-Z])/;

/** What a start-up does to many rows, or creates if it is missing: `formatAll`, `createDefaultPlans`. */
const MANY_ROWS = /(?:All|Defaults?|Missing|Initial)(?![a-z])/;

/** Verbs that read any number of rows: `findAll`, `getDefaultPlan`. */
const READ = /^(?:get|find|fetch|read|list|select|search|lookup|count|exists?|is|has|can|should)(?![a-z])/;

/** Verbs of functions that compute, wait or connect. */
const COMPUTE =
  /^(?:load|query(?=Selector)|hash|compare|parse|format|to|from|as|of|stringify|encode|decode|encrypt|decrypt|sign|verify|resolve|reject|generate|random|sleep|delay|wait|pause|retry|connect|disconnect|open|close|end|destroy|release|init|initialize|config|configure|log|info|warn|error|debug|print|write|check|assert|expect|validate|describe|map|filter|reduce|some|every|forEach|each|sort|reverse|slice|splice|split|join|concat|replace|trim|push|pop|shift|unshift|append|keys|values|entries|then|catch|finally|next|return|throw|bind|call|on|once|off|use|stop|start(?=Timer)|now|clone|toString|create(?!\w*(?:Seed|Record|Row|User|Account|Tenant|Data))|make|build|compile|render|escape|quote|test|match|inspect|pick|omit|merge|chunk|uniq\w*|round|floor|min|max|sum|abs|add(?=Days|Hours|Minutes|Seconds|Months|Years)|subtract|diff|startOf|endOf|utc|unix|setTimeout)(?![a-z])/;

/** Methods of the texts, lists and dates of JavaScript that compute. */
const COMPUTES = new Set(
  `at charAt charCodeAt codePointAt endsWith flat hasOwnProperty includes indexOf lastIndexOf localeCompare normalize
  padEnd padStart repeat startsWith substr substring valueOf`.split(/\s+/),
);

/** Methods of JavaScript's lists and promises that only run the functions that they receive. */
export const ITERATES: ReadonlySet<string> = new Set(
  `catch every filter finally find findIndex flatMap forEach map reduce reduceRight some sort then`.split(
    ' ',
  ),
);

export function isWriteName(name: string): boolean {
  return ORM_WRITES.has(name) || ACTION.test(name) || ACTION_PART.test(name);
}

/** Does the whole name say that the function reads, computes, waits or connects? */
export function isReadName(name: string): boolean {
  return !isCompoundName(name) && (READ.test(name) || COMPUTE.test(name) || COMPUTES.has(name));
}

/** `runSteps`, `fillNames` */
export function isActionName(name: string): boolean {
  return (
    /^(?:run|exec|execute|up|sync|apply|perform|process|fill)(?![a-z])/.test(name) || isCompoundName(name)
  );
}

/** Does a part of the name say that the function does more than its first verb? */
export function isCompoundName(name: string): boolean {
  return SECOND_VERB.test(name) || (MANY_ROWS.test(name) && !READ.test(name));
}
