"""Programs that the pods of a lab run, each as ``netdoctor_apps.NAME.__main__.main(arguments)``.

Importing one has no side effect: a lab imports it once, and starts it in every pod by forking.
"""
