/** Switches a page between light and dark colours, and keeps the choice. */
export {};

const found = document.getElementById('scheme');
if (!(found instanceof HTMLButtonElement)) throw new Error('the page lacks #scheme');
const scheme = found;
const SCHEME_KEPT = 'boxed-report-scheme';
const systemDark = matchMedia('(prefers-color-scheme: dark)');

function isDark(): boolean {
  const chosen = document.documentElement.dataset.scheme;
  return chosen ? chosen === 'dark' : systemDark.matches;
}

function labelScheme(): void {
  const other = isDark() ? 'light' : 'dark';
  scheme.textContent = isDark() ? '☀' : '☾';
  scheme.setAttribute('aria-label', `Switch to ${other} colours`);
  scheme.title = `Switch to ${other} colours`;
}

/** Some browsers let no page that was opened from a file keep anything. */
function kept(use: () => string | null | undefined): string | null {
  try {
    return use() ?? null;
  } catch {
    return null;
  }
}

const before = kept(() => localStorage.getItem(SCHEME_KEPT));
if (before === 'light' || before === 'dark') document.documentElement.dataset.scheme = before;
scheme.addEventListener('click', () => {
  const chosen = isDark() ? 'light' : 'dark';
  document.documentElement.dataset.scheme = chosen;
  kept(() => {
    localStorage.setItem(SCHEME_KEPT, chosen);
    return null;
  });
  labelScheme();
});
systemDark.addEventListener('change', labelScheme);
labelScheme();
scheme.hidden = false;
