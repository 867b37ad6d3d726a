"""All rules of layouts, one module per kind; :mod:`counterproof.rules` joins them into one table.

L rules concern the files of a tree, W rules what the commands of the wrapper run, H rules how its
programs are hardened, S rules what they do when they are started, I rules how the
interfaces between them may change. All of them are policy: macOS does not ask for them, users do.
An id is never given to another rule, and a rule that is dropped leaves a gap.
"""
