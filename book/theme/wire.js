// What stock mdBook leaves out for readers without a mouse or without sight. Nothing here is
// needed to read the book.
'use strict';

// The sidebar's toggle is a <label>: a keyboard cannot reach it, and a label takes no ARIA state.
(function sidebarButton() {
    const label = document.getElementById('mdbook-sidebar-toggle');
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'icon-button';
    button.title = 'Table of contents';
    button.append(...label.cloneNode(true).childNodes);
    button.setAttribute('aria-label', button.title);
    button.setAttribute('aria-controls', 'mdbook-sidebar');
    button.addEventListener('click', () => label.click());
    const showState = () => button.setAttribute('aria-expanded', label.getAttribute('aria-expanded'));
    new MutationObserver(showState).observe(label, { attributeFilter: ['aria-expanded'] });
    showState();
    label.before(button);
})();

// Each part of the frame says what it is, and the page's own title is its only <h1>.
(function names() {
    const say = (selector, name, value) => document.querySelector(selector)?.setAttribute(name, value);
    say('#mdbook-menu-bar', 'role', 'banner');
    say('.menu-title', 'role', 'presentation');
    say('#mdbook-search-wrapper', 'role', 'search');
    say('#mdbook-searchbar', 'aria-label', 'Search this book');
    say('#mdbook-help-container', 'role', 'dialog');
    say('#mdbook-help-container', 'aria-label', 'Keyboard shortcuts');
    document.getElementById('mdbook-theme-navy').textContent = 'Dark';
})();

// What scrolls sideways scrolls by keyboard as well; what does not is no stop for the Tab key.
(function scrollByKeyboard() {
    const check = (entries) => entries.forEach(({ target }) => {
        const scrolls = target.scrollWidth > target.clientWidth || target.scrollHeight > target.clientHeight;
        if (scrolls) target.tabIndex = 0; else target.removeAttribute('tabindex');
    });
    const observer = new ResizeObserver(check);
    document.querySelectorAll('pre > code, .table-wrapper, .content figure').forEach((e) => observer.observe(e));
})();

// A folded answer that is printed would be lost.
addEventListener('beforeprint', () => document.querySelectorAll('details').forEach((d) => { d.open = true; }));
