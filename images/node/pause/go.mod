module netdoctor/images/node/pause

go 1.24.0
