/**
 * What `eval "$(tscg completion bash)"` runs. The scripts are short: tscg itself answers, so that they need no renewal.
 * Values go through no eval: a container's name is text.
 */

import type { Candidate } from './candidates.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

export const isShell = (text: string): text is Shell => SHELLS.some((shell) => shell === text);

/** The words that bash split are given too, for the tables that depend on them; tscg splits the line itself. */
const bash = (
  tstop: readonly Candidate[],
): string => `# bash completion of tscg and tstop; in ~/.bashrc: eval "$(tscg completion bash)"
_tscg() {
  local directive line
  COMPREPLY=()
  {
    IFS= read -r directive || return 0
    while IFS= read -r line; do COMPREPLY+=("$line"); done
  } < <("$1" __complete --shell bash --breaks "$COMP_WORDBREAKS" --line "\${COMP_LINE:0:COMP_POINT}" -- "\${COMP_WORDS[@]:1}" 2>/dev/null)
  case $directive in
    nospace) compopt -o nospace ;;
    files) compopt -o default ;;
    directories) compopt -o dirnames ;;
  esac
}
complete -F _tscg tscg
complete -W '${tstop.map(({ value }) => value).join(' ')}' tstop
`;

const zsh = (tstop: readonly Candidate[]): string => `#compdef tscg tstop
# zsh completion of tscg and tstop; in ~/.zshrc after compinit: eval "$(tscg completion zsh)"
_tscg() {
  local -a lines values shown
  local line
  lines=("\${(@f)$("\${words[1]}" __complete --shell zsh -- "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)}")
  for line in "\${(@)lines[2,-1]}"; do
    values+=("\${line%%$'\\t'*}")
    shown+=("\${line/$'\\t'/  -- }")
  done
  case $lines[1] in
    files) _files ;;
    directories) _files -/ ;;
    nospace) compadd -S '' -l -d shown -a values ;;
    *) compadd -l -d shown -a values ;;
  esac
}
_tstop() {
  _arguments${tstop.map(({ value, help }) => ` \\\n    ${zshWord(value, help)}`).join('')}
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  "_\${service:-tscg}" "$@"
else
  compdef _tscg tscg
  compdef _tstop tstop
fi
`;

const zshWord = (value: string, help: string): string =>
  `'${`${value}[${help.replace(/[\\[\]:]/g, '\\$&')}]`.replaceAll("'", "'\\''")}'`;

const fish = (
  tstop: readonly Candidate[],
): string => `# fish completion of tscg and tstop; in ~/.config/fish/config.fish: tscg completion fish | source
function __tscg_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l lines (command $words[1] __complete --shell fish -- $words[2..] "$current" 2>/dev/null)
    switch "$lines[1]"
        case files
            __fish_complete_path "$current"
        case directories
            __fish_complete_directories "$current"
        case '*'
            set -q lines[2]; and printf '%s\\n' $lines[2..]
    end
end
complete -c tscg -f -a '(__tscg_complete)'
${tstop.map(({ value, help }) => `complete -c tstop -l ${value.replace(/^--/, '')} -d ${fishWord(help)}`).join('\n')}
`;

const fishWord = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;

/** `tstop`: its options, which are few and the same everywhere. */
export const completionScript = (shell: Shell, tstop: readonly Candidate[]): string =>
  ({ bash, zsh, fish })[shell](tstop);
